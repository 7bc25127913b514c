# shellcheck shell=bash
# Programs built with Go where there is no download of them. One at a time: each build uses every core by itself.

# Checkouts without a git binary or an owner that git trusts must not fail the build.
go_environment() { GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false" CGO_ENABLED=0 nice -n 10 "$@"; }

# go_install PLACE PACKAGE VERSION: for a module that builds as it is.
go_install() { with_lock go run_go_install "$@"; }

run_go_install() {
  [[ ! -x $1 ]] || return 0
  local work status=0
  work=$(work_dir)
  GOBIN=$work go_environment quietly "go-$(basename "$1")" go install -trimpath "$2@$3" &&
    keep "$work/$(basename "$2")" "$1" || status=$?
  rm -rf "$work"
  return "$status"
}

# go_build_tool PLACE PACKAGE VERSION: for a module with replace or exclude directives, which go install refuses.
# As a dependency of an empty module it builds, for there such directives are ignored.
go_build_tool() { with_lock go run_go_build_tool "$@"; }

run_go_build_tool() {
  [[ ! -x $1 ]] || return 0
  local work status=0
  work=$(work_dir)
  (cd "$work" && go_environment quietly "go-$(basename "$1")" bash -euc '
    go mod init scratch
    go get -tool "$1@$2"
    go build -trimpath -o program "$1"' - "$2" "$3") &&
    keep "$work/program" "$1" || status=$?
  rm -rf "$work"
  return "$status"
}
