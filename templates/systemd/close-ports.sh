#!/bin/sh
# Closes what Temporal listens on to every account of this machine but root and its own: docs/host.md, "Who reaches
# Temporal". With nft or, where there is none, with iptables. To do it twice does no harm.
#
#   close-ports.sh close USER PORT…    sets the rules, or sets them anew
#   close-ports.sh follow USER PORT…   the same, again whenever Temporal opens a port, until it has come up
#   close-ports.sh open                takes the rules away
set -eu
PATH=$PATH:/usr/sbin:/sbin
have() { command -v "$1" >/dev/null 2>&1; }

# Temporal gives each of its parts a port at random, and none of them asks for a password.
listening() {
  awk -v uid="$uid" '$4 == "0A" && $8 == uid && $2 ~ /^0100007F:/ { print substr($2, 10) }' /proc/net/tcp |
    while read -r port; do printf '%d\n' "0x$port"; done | sort -n
}

others() {
  for port in $(listening); do
    case " $ports " in *" $port "*) ;; *) echo "$port" ;; esac
  done
}

# What has no owner, the last words of a closed connection say, goes through: it can begin nothing.
# By source: whoever took a port before Temporal did gets no word out to the worker.
close_with_nft() {
  inner=$(others)
  [ -z "$inner" ] || inner="ip daddr 127.0.0.1 tcp dport { $(list "$inner") } reject with tcp reset"
  nft -f - <<END
table inet pointsman
delete table inet pointsman
table inet pointsman {
  chain others {
    tcp dport { $(list "$ports") } reject with tcp reset
    tcp sport { $(list "$ports") } drop
    $inner
  }
  chain output {
    type filter hook output priority 0; policy accept;
    oifname "lo" meta skuid != { 0, $uid } jump others
  }
}
END
}

list() { printf '%s' "$1" | tr -s '\n ' ','; }

close_with_iptables() {
  rules iptables "$(for port in $(others); do echo "-d 127.0.0.1 --dport $port"; done)" || return
  [ ! -e /proc/net/if_inet6 ] || rules ip6tables ''
}

# `rules TOOL MORE`: a chain of our own, made anew as a whole.
rules() {
  "$1-restore" --wait --noflush <<END || return
*filter
:POINTSMAN - [0:0]
-A POINTSMAN -m owner ! --uid-owner 0-4294967294 -j RETURN
-A POINTSMAN -m owner --uid-owner 0 -j RETURN
-A POINTSMAN -m owner --uid-owner $uid -j RETURN
$({ for port in $ports; do echo "--dport $port"; done; printf '%s\n' "$2"; } |
  sed -n 's/..*/-A POINTSMAN -p tcp & -j REJECT --reject-with tcp-reset/p')
$(for port in $ports; do echo "-A POINTSMAN -p tcp --sport $port -j DROP"; done)
COMMIT
END
  "$1" -w -C OUTPUT -o lo -p tcp -j POINTSMAN 2>/dev/null || "$1" -w -I OUTPUT -o lo -p tcp -j POINTSMAN
}

open_iptables() {
  for tool in iptables ip6tables; do
    have $tool && $tool -w -S POINTSMAN >/dev/null 2>&1 || continue
    while $tool -w -D OUTPUT -o lo -p tcp -j POINTSMAN 2>/dev/null; do :; done
    $tool -w -F POINTSMAN && $tool -w -X POINTSMAN
  done
}

open_nft() {
  if have nft && nft list table inet pointsman >/dev/null 2>&1; then nft delete table inet pointsman; fi
}

close() {
  if have nft && close_with_nft; then
    # Of a time when there was no nft, or it failed.
    open_iptables
    return
  fi
  if have iptables; then close_with_iptables; return; fi
  ! have nft || return 1
  echo 'Neither nft nor iptables is here: every account of this machine can reach Temporal.' >&2
}

follow() {
  before='' calm=0
  for _ in $(seq 120); do
    now=$(listening)
    if [ "$now" = "$before" ]; then calm=$((calm + 1)); else close && before=$now calm=0; fi
    # Up for five seconds, and no port has come since.
    if [ "$calm" -ge 10 ] && printf '%s\n' "$now" | grep -qx "${ports%% *}"; then return; fi
    sleep 0.5
  done
}

what=$1
case $what in
  close | follow) account=$2; shift 2; ports=$*; uid=$(id -u "$account"); "$what" ;;
  open) open_nft; open_iptables ;;
  *) echo "close-ports.sh: $what is not close, follow or open" >&2; exit 2 ;;
esac
