import { fencing, fenceUnwritable } from '../hosts/fence.js';
import { keepBefore, keptSuffix } from '../hosts/own-file.js';

/** The one that pointsman writes. */
export const file = 'default.conf';
/** What was there before pointsman first wrote it; a later one that is no longer the same gets a timestamp besides. */
export const keptForEver = `${file}${keptSuffix}`;
/** What was there before the run with this timestamp. */
export function previous(timestamp: string): string {
  return `${file}.${timestamp}.previous`;
}

const candidate = 'pointsman-candidate.txt';

/** What nginx reads beside a user's config for a moment, until pointsman's own takes its place. */
export const warmUpFile = 'pointsman-warm-up.conf';

/** No exit code of nginx's, nor of a command that was killed. */
export const unwritable = fenceUnwritable;

/**
 * The router's fence: in the container's own file system, where nginx's test has its files, too. It lasts as long as the
 * container, and is no file more among those of the user.
 */
export const fenceFile = '/tmp/pointsman-fence';

/** What comes after it is done only behind the router's fence, by the number `$1`, and has the arguments from `$3` on. */
export const behindFence = `${fencing}
pass_fence ${fenceFile} "$1" "$2"
shift 2
`;

/**
 * Writes `$3` beside what is in the directory `$1`, and tests it by itself.
 *
 * As root, even a test gives nginx's directories of temporary files to the user of the config that it tests. Without the one
 * of the main config they would be taken away from the workers, whose large answers and bodies would break off.
 */
export const testing = `
next=$1/${candidate}
printf '%s' "$3" > "$next" || exit ${unwritable}
main=$(nginx -V 2>&1 | sed -n 's/.*--conf-path=\\([^ ]*\\).*/\\1/p')
user=$(grep -E '^[[:space:]]*user[[:space:]]' "\${main:-/etc/nginx/nginx.conf}" | head -n 1)
f=$(mktemp) && printf '%s\\nevents {} http { include %s; }' "$user" "$next" > "$f" && nginx -t -c "$f"; code=$?
rm -f "$f"
[ $code -eq 0 ] || exit $code
`;

/** Writes `$2` into the directory `$1`, untested. */
export const moving = `next=$1/${candidate}
printf '%s' "$2" > "$next" && mv "$next" "$1/${file}" || exit ${unwritable}
`;

/** Makes nginx read `$2` beside what is in the directory `$1`, or leaves all as it was. */
export const addingWarmUp = `next=$1/${candidate}
printf '%s' "$2" > "$next" && mv "$next" "$1/${warmUpFile}" || exit ${unwritable}
nginx -t; code=$?
if [ $code -ne 0 ]; then rm -f "$1/${warmUpFile}"; exit $code; fi
exec nginx -s reload`;

/** Says whether it was there, in the directory `$1`. */
export const removingWarmUp = `[ -e "$1/${warmUpFile}" ] || exit 0
rm -f "$1/${warmUpFile}" && echo removed`;

/** Gives the files `$@` the names back under which nginx reads them; `$by` is the timestamp of whoever has moved them. */
export const movingBack = `for f in "$@"; do
  test -e "$f" && continue
  for away in "$f${keptSuffix}.$by" "$f${keptSuffix}"; do
    if test -e "$away"; then mv "$away" "$f" || exit ${unwritable}; break; fi
  done
done
`;

/**
 * Keeps the present config as `$2` and puts the tested one in its place; where nginx refuses it beside the rest of its config,
 * what was kept comes back. With `$4`, nginx loads it.
 *
 * A second attempt must take neither the new config for the previous one nor a copy that was cut short.
 */
export const placing = `${keepBefore}
target=$1/${file} kept=$1/$2
if test -e "$target" && ! head -n 1 "$target" | grep -qxF "$5"; then
  keep_before "$target" "$6" -p || exit ${unwritable}
fi
test -e "$kept" || ! test -e "$target" || { cp -p "$target" "$kept.tmp" && mv "$kept.tmp" "$kept"; } || exit ${unwritable}
load=$4 by=$6 warm=$1/${warmUpFile}
shift 6
for f in "$@"; do
  test -e "$f" || continue
  if test -e "$f${keptSuffix}"; then mv "$f" "$f${keptSuffix}.$by"; else mv "$f" "$f${keptSuffix}"; fi || exit ${unwritable}
done
rm -f "$warm"
mv "$next" "$target" || exit ${unwritable}
nginx -t; code=$?
if [ $code -eq 0 ]; then
  [ -z "$load" ] || exec nginx -s reload
  exit 0
fi
${movingBack}if test -e "$kept"; then cp -p "$kept" "$target.tmp" && mv "$target.tmp" "$target"; else rm -f "$target"; fi || exit ${unwritable}
exit $code`;

/** No exit code of nginx's, nor of a command that was killed. */
export const unreached = 43;

/** Any answer will do: whether it is the right one was seen before. curl: 6, 7 and 28 are no connection; wget: 4. */
export const askThere = `
if command -v curl >/dev/null; then
  curl --noproxy '*' -s -m 2 -o /dev/null "http://$1:$2/"; case $? in 6|7|28) exit ${unreached} ;; esac
elif command -v wget >/dev/null; then
  wget -Y off -q -T 2 -O /dev/null "http://$1:$2/"; case $? in 4) exit ${unreached} ;; esac
elif command -v bash >/dev/null; then
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null || exit ${unreached}
fi`;

export const reloadOnceReached = `${askThere}
exec nginx -s reload`;

/** Only a worker that has been told to finish has this title. */
export const endingOldWorkers = `for p in /proc/[0-9]*; do
  title=$(tr '\\0' ' ' < "$p/cmdline") || continue
  case $title in 'nginx: worker process is shutting down'*) kill -TERM "\${p#/proc/}" ;; esac
done
true`;
