# shellcheck shell=bash
# What set-up tells the person who waits for it. Everything goes to stderr: some functions answer on stdout.

say() { printf '%s\n' "$*" >&2; }

# Announces something slow before it begins: what, why, roughly how long.
step() { printf '  … %s\n' "$*" >&2; }

warn() { printf '  ! %s\n' "$*" >&2; }

# Ends with the first line as the problem and the others as what to do about it.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '       %s\n' "$@" >&2
  exit 1
}

# quietly LOG COMMAND…: keeps the output of a chatty command in a file, and shows its end only if the command fails.
quietly() {
  local log="$POINTSMAN_CACHE/logs/$1.log" status=0
  shift
  mkdir -p "$POINTSMAN_CACHE/logs"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    warn "failed ($status): $*; the end of $log:"
    tail -n 15 "$log" | sed 's/^/      /' >&2
  fi
  return "$status"
}
