# shellcheck shell=bash
# Everything that is slow to get is kept here by version, outside the checkout, so that clones and CI runs share it.

POINTSMAN_CACHE="${POINTSMAN_CACHE:-$HOME/.cache/pointsman}"
export POINTSMAN_CACHE
mkdir -p "$POINTSMAN_CACHE/bin" "$POINTSMAN_CACHE/images" "$POINTSMAN_CACHE/run"

# with_lock NAME COMMAND…: one at a time among all set-ups of this user, so that two of them do not build the same.
# The command must look again whether there is still something to do.
with_lock() {
  local lock="$POINTSMAN_CACHE/run/$1.lock"
  shift
  if ! command -v flock >/dev/null; then # macOS
    "$@"
    return
  fi
  (
    flock -n 9 || { step "waiting for another set-up that is at the same part ($lock)" && flock 9; }
    # Closed for the command: a daemon that it starts would otherwise hold the lock for as long as it lives.
    "$@" 9>&-
  ) 9>"$lock"
}

# A fresh folder on the cache's own file system, so that what is finished in it can be renamed into place.
work_dir() { mktemp -d "$POINTSMAN_CACHE/run/work.XXXXXX"; }

# keep FILE PLACE: a product appears under its name whole or not at all, even if this process is killed.
keep() {
  mkdir -p "$(dirname "$2")"
  mv -f "$1" "$2.part.$$" && mv -f "$2.part.$$" "$2"
}

# bounded SECONDS COMMAND…
bounded() {
  local seconds=$1
  shift
  if command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}

# wait_until SECONDS COMMAND…: waits for a condition, never for a time.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}
