import {
  authorizedKeysPath,
  currentLink,
  directories as wantedDirectories,
  environmentPath,
  previousLink,
  temporalPort,
  uiPort,
  unitDirectory,
  unitNames,
  user,
  wrapperPath,
} from './layout.js';

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
const files = [
  wrapperPath,
  environmentPath,
  authorizedKeysPath,
  ...unitNames.map((unit) => `${unitDirectory}/${unit}`),
];
const directories = wantedDirectories.map(({ path }) => path);

/**
 * Prints `name=value` lines about a server; reads only. POSIX sh and what every Debian has: a server need not have
 * `ss`, `jq` or Python. Arguments: directory of the version to install, addresses of Temporal for x86_64 and aarch64.
 */
export const factsScript = String.raw`
export LC_ALL=C
fact() { printf '%s=%s\n' "$1" "$(printf '%s' "$2" | head -n 1)"; }
there() { command -v "$1" 2>/dev/null; }

fact uid "$(id -u)"
fact system "$(uname -s)"
fact machine "$(uname -m)"
fact glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
[ ! -d /run/systemd/system ] || fact systemd yes
fact systemctl "$(there systemctl)"
fact clock "$(date +%s)"
at=/opt; [ -d $at ] || at=/
fact free-kilobytes "$(df -Pk $at | awk 'NR == 2 { print $4 }')"
fact listening "$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
  awk '$4 == "0A" { n = split($2, a, ":"); if (a[n] == "${hex(temporalPort)}" || a[n] == "${hex(uiPort)}") print a[n] }' |
  sort -u | tr '\n' ' ')"
sbin() { PATH=$PATH:/usr/sbin:/sbin "$@" 2>/dev/null; }
fact packet-filter "$(sbin command -v nft || sbin command -v iptables)"
if sbin nft list table inet pointsman >/dev/null || sbin iptables -w -C OUTPUT -o lo -p tcp -j POINTSMAN; then
  fact ports-closed yes
fi
# A Compose plugin in root's own home would not be the worker's: only what everybody has counts.
export HOME=/nonexistent
fact docker-cli "$(there docker)"
fact docker-engine "$(docker version --format '{{.Server.Version}}' 2>/dev/null)"
fact compose "$(docker compose version --short 2>/dev/null)"
fact docker-group "$(getent group docker)"
fact user "$(getent passwd ${user})"
fact groups "$(id -nG ${user} 2>/dev/null)"

for program in node temporal; do
  found=$(there $program) || continue
  fact $program "$(readlink -f "$found")"
  fact $program-version "$($program --version 2>/dev/null)"
done

binary() {
  [ -x "$2" ] || return 0
  fact "$1-sha256" "$(sha256sum <"$2" | cut -d ' ' -f 1)"
  [ ! -L "$2" ] || fact "$1-link" "$(readlink "$2")"
  fact "$1-version" "$("$2" --version 2>/dev/null)"
}
installed() {
  [ -d "$2" ] || return 0
  fact "$1" "$2"
  binary "$1-node" "$2/bin/node"
  binary "$1-temporal" "$2/bin/temporal"
  [ -f "$2/SHA256SUMS" ] || return 0
  fact "$1-manifest" "$(sha256sum <"$2/SHA256SUMS" | cut -d ' ' -f 1)"
  ! (cd "$2" && sha256sum --check --quiet --strict SHA256SUMS >/dev/null 2>&1) || fact "$1-intact" yes
}
installed target "$1"
now=$(readlink -f ${currentLink})
[ -z "$now" ] || [ ! -d "$now" ] || fact current-version "$(basename "$now")"
[ -z "$now" ] || [ "$now" = "$1" ] || installed current "$now"
before=$(readlink -f ${previousLink})
[ -z "$before" ] || [ ! -d "$before" ] || fact previous-version "$(basename "$before")"

if ! there temporal >/dev/null && [ ! -x ${currentLink}/bin/temporal ] && [ ! -x "$1/bin/temporal" ]; then
  url=$2; [ "$(uname -m)" != aarch64 ] || url=$3
  if there curl >/dev/null; then curl -fsIL --connect-timeout 5 --max-time 10 "$url" >/dev/null 2>&1
  elif there wget >/dev/null; then wget -q --spider --tries=1 --timeout=5 "$url" 2>/dev/null
  else false; fi && fact can-download-temporal yes
fi

for file in ${[...files, ...directories].join(' ')}; do
  [ ! -e "$file" ] || fact "rights $file" "$(stat -c '%a %U:%G' "$file")"
done
for unit in ${unitNames.join(' ')}; do
  fact "active $unit" "$(systemctl is-active $unit 2>/dev/null)"
  fact "enabled $unit" "$(systemctl is-enabled $unit 2>/dev/null)"
done
fact host-key "$(cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub 2>/dev/null)"
exit 0
`;
