# The Temporal CLI, which holds the dev server, and the test server that skips time.
# shellcheck shell=bash disable=SC2154 # cache and root are set in common.sh

temporal_version=1.5.1
test_server_version=1.38.0

ensure_temporal() {
  local cached="$cache/bin/temporal-$temporal_version"
  if [ ! -x "$cached" ]; then
    if have temporal; then ln -sf "$(command -v temporal)" "$cached"
    elif ! download_temporal "$cached"; then
      say "building the Temporal CLI $temporal_version with Go: it could not be downloaded (2 to 5 minutes)"
      go_build "$cached" "github.com/temporalio/cli/cmd/temporal@v$temporal_version"
    fi
  fi
  export POINTSMAN_TEMPORAL_CLI="$cached"
}

download_temporal() {
  local arch=amd64; [ "$(uname -m)" = aarch64 ] && arch=arm64
  local url="https://github.com/temporalio/cli/releases/download/v$temporal_version/temporal_cli_${temporal_version}_linux_$arch.tar.gz"
  have curl || return 1
  curl -fsSL --connect-timeout 5 --max-time 300 "$url" -o "$cache/work/temporal.tgz" 2>/dev/null || return 1
  tar -xzf "$cache/work/temporal.tgz" -C "$cache/work" temporal && mv "$cache/work/temporal" "$1"
}

# Temporal's Java test server: workflow tests pass an hour of retries in a second on it.
ensure_test_server() {
  local wrapper="$cache/bin/temporal-test-server-$test_server_version" lib="$cache/temporal-test-server-$test_server_version"
  [ -x "$wrapper" ] && return
  have java || apt_install default-jre-headless
  have mvn || apt_install maven
  say 'fetching the time-skipping Temporal test server (about 20 s)'
  local project="$cache/work/test-server"
  rm -rf "$project" "$lib" && mkdir -p "$project"
  cat >"$project/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>pointsman</groupId><artifactId>test-server</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>$test_server_version</version>
  </dependency></dependencies>
</project>
POM
  quietly test-server mvn -q -f "$project/pom.xml" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$lib"
  cat >"$wrapper.tmp" <<RUN
#!/bin/sh
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$lib/*" io.temporal.testserver.TestServer "\$@"
RUN
  chmod +x "$wrapper.tmp" && mv "$wrapper.tmp" "$wrapper"
}
