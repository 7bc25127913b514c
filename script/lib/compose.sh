# shellcheck shell=bash
# Compose v2 as a plugin of the docker command. Debian stable has version 1, which cannot wait for health.

COMPOSE_OLDEST=2.20
COMPOSE_BUILT=2.40.3
COMPOSE_SUITE=forky

compose_is_new_enough() {
  local version
  version=$(docker compose version --short 2>/dev/null) || return 1
  version=${version#v}
  [[ $(printf '%s\n' "$COMPOSE_OLDEST" "$version" | sort -V | head -n 1) == "$COMPOSE_OLDEST" ]]
}

ensure_compose() {
  compose_is_new_enough || with_lock compose install_compose
}

install_compose() {
  compose_is_new_enough && return
  local cached="$POINTSMAN_CACHE/bin/docker-compose-$COMPOSE_BUILT"
  [[ -x $cached ]] || compose_from_debian "$cached" || compose_from_go "$cached" ||
    die "Docker Compose $COMPOSE_OLDEST or newer is needed" 'Install it: https://docs.docker.com/compose/install/'
  install -D -m 0755 "$cached" "${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-compose"
  compose_is_new_enough || die 'the installed Compose plugin does not run' "Try: $cached version"
}

# One file out of a newer suite: Compose is a static program, so nothing else of that suite comes along.
compose_from_debian() {
  command -v apt-get >/dev/null || return
  [[ -n $(debian_uri) ]] || { can_apt && apt_update && [[ -n $(debian_uri) ]]; } || return
  step "taking Docker Compose from Debian's suite $COMPOSE_SUITE: it is newer than the machine's; about 10 s"
  local work status=0
  work=$(work_dir)
  fetch_deb "$work" docker-compose "$COMPOSE_SUITE" &&
    keep "$work/usr/libexec/docker/cli-plugins/docker-compose" "$1" || status=$?
  rm -rf "$work"
  return "$status"
}

compose_from_go() {
  command -v go >/dev/null || return
  step "building Docker Compose $COMPOSE_BUILT with Go; about 5 minutes, once"
  go_build_tool "$1" github.com/docker/compose/v2/cmd "v$COMPOSE_BUILT"
}
