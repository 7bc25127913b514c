# Docker Engine and Compose v2. On a machine that has them, nothing is touched.
# shellcheck shell=bash disable=SC2154 # cache and root are set in common.sh

dockerd_pid="$cache/dockerd.pid"

ensure_docker() {
  docker version >/dev/null 2>&1 && return
  engine_is_ours_to_start
  if ! have dockerd; then
    say 'installing Docker Engine (about 20 s)'
    apt_install docker.io iptables
  fi
  say 'starting Docker Engine'
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    # After a restart of the machine these name processes of the past, whose numbers others may have by now; dockerd
    # would take its predecessor, or its containerd, for alive and not start.
    forget_stale_pid "$dockerd_pid" dockerd
    forget_stale_pid /var/run/docker/containerd/containerd.pid containerd
    # A session of its own: the engine outlives this script, as a service would.
    setsid dockerd --pidfile "$dockerd_pid" >"$cache/dockerd.log" 2>&1 9>&- </dev/null &
  fi
  wait_for 60 "Docker Engine (log: $cache/dockerd.log)" docker version
}

# An engine that is there but refuses us, or that lives elsewhere, is not replaced by another one.
engine_is_ours_to_start() {
  [ -z "${DOCKER_HOST:-}" ] || die "no Docker Engine answers at DOCKER_HOST=$DOCKER_HOST; start it there, or unset DOCKER_HOST"
  [ "$(id -u)" = 0 ] && have apt-get && return
  die "no Docker Engine answers ($(docker version 2>&1 | tail -n 1)); start or install Docker, or, where it runs, join the group docker"
}

# `forget_stale_pid FILE NAME`: removes a pid file unless its process is alive and is that program. One that was killed and
# that nobody has waited for yet still has its name, and no executable.
forget_stale_pid() {
  local pid; pid=$(cat "$1" 2>/dev/null) || return 0
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ] || ! [ -e "/proc/$pid/exe" ]; then rm -f "$1"; fi
}

# Ends the engine only if it is the one that ensure_docker started.
stop_docker_if_started() {
  [ -f "$dockerd_pid" ] || return 0
  local pid; pid=$(cat "$dockerd_pid")
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "--pidfile $dockerd_pid" || return 0
  say 'stopping the Docker Engine that script/setup started'
  kill "$pid"
  wait_for 60 'the end of dockerd' test ! -d "/proc/$pid"
}

ensure_compose() {
  docker compose version --short 2>/dev/null | grep -Eq '^v?(2\.([2-9][0-9])|[3-9]|[1-9][0-9])' && return
  local plugin="$HOME/.docker/cli-plugins/docker-compose" cached="$cache/bin/docker-compose-2"
  mkdir -p "$(dirname "$plugin")"
  [ -x "$cached" ] || fetch_compose "$cached"
  install -m 755 "$cached" "$plugin"
}

# Debian's stable package is Compose v1 there, so the one of the testing suite is taken out of its package
# by hand, with package lists of its own: nothing else on the machine is upgraded.
fetch_compose() {
  say 'fetching Docker Compose v2'
  local lists="$cache/work/compose-apt" uri
  uri=$(debian_uri)
  rm -rf "$lists" && mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial" "$lists/out"
  echo "deb $uri forky main" >"$lists/sources.list"
  local options=(-o "Dir::Etc::sourcelist=$lists/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$lists/lists"
    -o "Dir::Cache=$lists/cache" -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root)
  quietly compose-update apt-get "${options[@]}" update -qq
  (cd "$lists" && quietly compose-download apt-get "${options[@]}" download docker-compose && dpkg -x ./*.deb out)
  install -m 755 "$lists/out/usr/libexec/docker/cli-plugins/docker-compose" "$1.tmp" && mv "$1.tmp" "$1"
  rm -rf "$lists"
}
