# Shared by the scripts in this folder: messages, the cache, and one lock so that two set-ups never build the same thing.
# shellcheck shell=bash

cache="${POINTSMAN_CACHE:-$HOME/.cache/pointsman}"
# shellcheck disable=SC2034 # the other files use it
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
mkdir -p "$cache/bin" "$cache/images" "$cache/work"

say() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a long command with its output in a log, and shows the end of the log only when it fails.
quietly() {
  local name=$1; shift
  local log="$cache/work/$name.log"
  "$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "$name failed; the whole log is in $log"; }
}

# Waits for a condition: `wait_for SECONDS WHAT COMMAND…`.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || die "$what: waited in vain"
    sleep 0.2
  done
}

# One set-up at a time: the lock is the kernel's, so a killed one leaves none behind.
lock_setup() {
  exec 9>"$cache/setup.lock"
  flock -n 9 || { say 'waiting for another set-up to finish'; flock 9; }
}

apt_install() {
  have apt-get || die "cannot install $*: this is not Debian or Ubuntu; install them by hand"
  [ "$(id -u)" = 0 ] || die "cannot install $*: not root; run: sudo apt-get install $*"
  # Once per set-up: without it a new machine knows no packages.
  [ -n "${apt_updated:-}" ] || { quietly apt-update apt-get update -qq; apt_updated=1; }
  DEBIAN_FRONTEND=noninteractive quietly "apt-$1" apt-get install -y -qq --no-install-recommends "$@"
}

# The machine's own Debian archive, not its security archive nor another vendor's: mirrors differ, and some
# machines reach only their own. Packages from it are checked against Debian's keys, whatever the suite.
debian_uri() {
  local uri
  # shellcheck disable=SC2016 # apt's own variables
  uri=$(apt-get indextargets --format '$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian|main|//p' | sed -n 1p)
  [ -n "$uri" ] || die 'no source of Debian packages is known here: use a machine that reaches an image registry, or Debian'
  printf '%s\n' "$uri"
}

# `go_build OUTPUT PACKAGE@VERSION`: written beside and renamed, so a killed build leaves no half file.
go_build() {
  local output=$1 package=$2
  have go || die "cannot build $package: no Go; install Go 1.24 or later, or put the program on the PATH"
  mkdir -p "$cache/work/gobin"
  GOFLAGS=-buildvcs=false GOBIN="$cache/work/gobin" quietly "go-$(basename "$output")" go install "$package"
  mv "$cache/work/gobin/$(basename "${package%@*}")" "$output"
}

# A directory with nothing but a `python3` in it, which is the interpreter itself: a version manager puts a script before it
# that takes a fifth of a second, and the tests of the database start it a thousand times.
quick_python() {
  local directory="$cache/work/python" real=/usr/bin/python3
  [ -x "$real" ] || real=$(python3 -c 'import sys; print(sys.executable)')
  mkdir -p "$directory" && ln -sfn "$real" "$directory/python3"
  printf '%s\n' "$directory"
}
