# shellcheck shell=bash
# The Docker engine: the machine's own, or Debian's package, started here where no service manager does it.

DOCKERD_PID_FILE="$POINTSMAN_CACHE/run/dockerd.pid"

docker_answers() { docker version >/dev/null 2>&1; }

ensure_docker() {
  docker_answers || with_lock docker install_and_start_docker
}

install_and_start_docker() {
  docker_answers && return
  docker_is_ours_to_start
  if ! command -v dockerd >/dev/null; then
    step 'installing the Docker engine from Debian (docker.io): a deploy runs containers; about 20 s'
    apt_install docker.io iptables || die 'the Docker engine could not be installed'
  fi
  start_docker
}

docker_is_ours_to_start() {
  local why
  [[ -z ${DOCKER_HOST:-} ]] || die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST" 'Start it there, or unset DOCKER_HOST.'
  can_apt && return
  why=$(docker version 2>&1 | tail -n 1) || true
  die "no Docker engine answers: $why" \
    'Start Docker, or install it (https://docs.docker.com/engine/install/).' \
    'Where it runs but refuses you, add yourself to the group docker and log in again.' \
    'On Debian or Ubuntu, running this script as root installs it.'
}

start_docker() {
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker
  else
    step 'starting dockerd, for no service manager runs here; about 3 s'
    # After a restart of the machine these files name processes of the past, whose numbers others may have now;
    # dockerd would believe that it, or its containerd, is still running.
    forget_stale_pid "$DOCKERD_PID_FILE" dockerd
    forget_stale_pid /var/run/docker/containerd/containerd.pid containerd
    mkdir -p "$POINTSMAN_CACHE/logs"
    setsid dockerd --pidfile "$DOCKERD_PID_FILE" >"$POINTSMAN_CACHE/logs/dockerd.log" 2>&1 </dev/null &
  fi
  wait_until 60 docker_answers ||
    die 'the Docker engine did not come up within 60 s' "Its log: $POINTSMAN_CACHE/logs/dockerd.log (or: journalctl -u docker)"
}

# pid_runs FILE NAME: whether the process of a pid file is alive and is that program.
pid_runs() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [[ -n $pid && $(cat "/proc/$pid/comm" 2>/dev/null) == "$2" ]]
}

forget_stale_pid() { pid_runs "$1" "$2" || rm -f "$1"; }

dockerd_ended() { ! pid_runs "$DOCKERD_PID_FILE" dockerd; }

# Ends the engine that start_docker started, and no other.
stop_docker_if_started() {
  dockerd_ended && return
  kill "$(cat "$DOCKERD_PID_FILE")"
  wait_until 60 dockerd_ended || warn "dockerd is still ending; see $POINTSMAN_CACHE/logs/dockerd.log"
}
