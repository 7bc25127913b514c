# shellcheck shell=bash
# Debian's packages: into the system, or single files out of another suite without touching the system.

can_apt() { [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; }

# apt_install PACKAGE…: the caller has checked can_apt and announced why.
apt_install() { with_lock apt install_packages "$@"; }

install_packages() {
  apt_update
  # A service's init script must not start it behind our back: what set-up starts, it also has to be able to stop.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 quietly "apt-$1" \
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

# Package lists older than a day name versions that the mirror may have dropped.
apt_update() {
  local stamp="$POINTSMAN_CACHE/run/apt-updated"
  [[ -n $(find "$stamp" -mtime -1 2>/dev/null) && -n $(apt-cache pkgnames 2>/dev/null | head -1) ]] && return
  quietly apt-update apt-get update -o DPkg::Lock::Timeout=120
  touch "$stamp"
}

# The address of Debian's archive as this machine's own sources give it; empty on another distribution.
debian_uri() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's/^Debian|main|//p' | sed -n 1p
}

# fetch_deb FOLDER PACKAGE [SUITE]: unpacks one package into a folder. With a suite, from there, by package lists of its own.
fetch_deb() {
  local folder=$1 package=$2 suite=${3:-} options=()
  mkdir -p "$folder"
  if [[ -n $suite ]]; then
    local apt="$folder/.apt" uri
    uri=$(debian_uri)
    [[ -n $uri ]] || return
    mkdir -p "$apt/lists/partial" "$apt/parts"
    echo "deb $uri $suite main" >"$apt/sources.list"
    options=(-o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/parts" -o "Dir::State::lists=$apt/lists"
      # A suite in the making is re-signed often; a mirror that lags behind is still good enough for a tool.
      -o 'Acquire::Check-Valid-Until=false')
    quietly "apt-$suite" apt-get "${options[@]}" update || return
  fi
  (cd "$folder" && quietly "deb-$package" apt-get "${options[@]}" -o APT::Sandbox::User=root download "$package") || return
  dpkg -x "$folder/$package"_*.deb "$folder"
}
