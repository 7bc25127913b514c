import type { Nginx } from './nginx.js';

/**
 * How many connections to the app those workers still have that an older config was taken from: requests without an answer,
 * and WebSockets. `null` where it cannot be told.
 */
export async function oldConnections(nginx: Nginx, upstreamPort: number): Promise<number | null> {
  const { exitCode, stdout } = await nginx.exec(['sh', '-c', listOldWorkers]);
  if (exitCode !== 0) return null;
  let sum = 0;
  for (const line of stdout.trim().split('\n').filter(Boolean)) {
    const [pid = '', user = ''] = line.split(' ');
    // The kernel shows a process's files to its own user: root in a container may not look.
    const sockets = await nginx.exec(['sh', '-c', listSockets, 'sh', pid], { user });
    if (sockets.exitCode !== 0) return null;
    sum += connectionsIn(sockets.stdout, upstreamPort);
  }
  return sum;
}

/** The process id of each, and the user that it runs as. */
const listOldWorkers = `for p in /proc/[0-9]*; do
  title=$(tr '\\0' ' ' 2>/dev/null < "$p/cmdline") || continue
  case $title in 'nginx: worker process is shutting down'*) ;; *) continue ;; esac
  user=$(stat -c '%u:%g' "$p") || continue
  echo "\${p#/proc/} $user"
done
true`;

/** What the process has open, then every TCP connection that there is in the container. */
const listSockets = `ls -l "/proc/$1/fd" && cat /proc/net/tcp && { cat /proc/net/tcp6 2>/dev/null; true; }`;

/** Of the open files of a process, and of a list as in `/proc/net/tcp`: established connections of it to this port. */
export function connectionsIn(listed: string, port: number): number {
  const open = new Set(Array.from(listed.matchAll(/-> '?socket:\[(\d+)\]/g), ([, inode]) => inode));
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return listed.split('\n').filter((line) => {
    const [slot = '', , peer = '', state, , , , , , inode] = line.trim().split(/\s+/);
    return /^\d+:$/.test(slot) && peer.endsWith(remote) && state === '01' && open.has(inode);
  }).length;
}
