# OpenSSH's server and client, which the tests of remote hosts talk to on ports of their own.
# shellcheck shell=bash

ensure_ssh() {
  [ -x /usr/sbin/sshd ] && have ssh-keygen && have ssh-agent && return
  say 'installing OpenSSH'
  # Only the program is wanted: no server of the system's own is started by the package.
  RUNLEVEL=1 apt_install openssh-server openssh-client
}
