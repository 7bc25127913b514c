import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

// What the kernel tells of processes and sockets: proc(5). It tells little of other users' processes, and of those that
// have ended nothing; what it does not tell counts as not so, since a signal may follow from what is asked here.

/** Whether a process runs, or ran until a moment ago, as the user that this process acts as. */
export function isOurs(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/** Command line of a process. Empty for one that has ended, and is only not yet noticed by its parent. */
export function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/**
 * Whether a process of ours is on its way out: it has no memory any more, hence no command line, and its files and sockets stay
 * open until its last thread has ended. A loaded machine takes a while over that.
 */
export function isEnding(pid: number): boolean {
  if (!isOurs(pid) || argumentsOf(pid).some(Boolean)) return false;
  const ended = ['Z', 'X'].includes(stateOf(pid));
  return !ended || entriesOf(`/proc/${pid}/task`).length > 1;
}

/** One letter; `X` for a process that there is none of. */
function stateOf(pid: number): string {
  try {
    // Its name stands before, in brackets, and may hold any character.
    return /\) (\w) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? 'X';
  } catch {
    return 'X';
  }
}

/**
 * Whether a process of ours has one of these files or sockets open.
 *
 * @param names as the kernel writes them: a file's real path, or {@link socketLink}.
 */
export function hasOpen(pid: number, names: readonly string[]): boolean {
  if (!isOurs(pid)) return false;
  const directory = `/proc/${pid}/fd`;
  return entriesOf(directory).some((entry) => names.includes(linkOf(`${directory}/${entry}`) ?? ''));
}

/** Processes of ours that have one of these open: {@link hasOpen}. */
export function holdersOf(names: readonly string[]): number[] {
  const pids = entriesOf('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => hasOpen(pid, names));
}

/** Sends a signal; a process that has ended in the meantime is none that this could be about. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Name of a socket among what a process has open. */
export function socketLink(inode: string): string {
  return `socket:[${inode}]`;
}

/** A TCP socket of this machine, or rather of this network namespace. */
export interface TcpSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: 'established' | 'listening' | 'other';
  /** User of the process that made it. Not told of one that was closed: then it is 0, and {@link state} is `other`. */
  readonly uid: number;
  readonly inode: string;
}

/** All TCP sockets; `null` where there is no proc file system. */
export function tcpSockets(): TcpSocket[] | null {
  const tables = ['tcp', 'tcp6'].map((name) => rowsOf(`/proc/net/${name}`));
  return tables[0] === null ? null : tables.flatMap((rows) => (rows ?? []).map(tcpSocketOf));
}

/** Cells of each row but the heading; `null` when the table does not exist. */
export function rowsOf(table: string): string[][] | null {
  try {
    const [, ...lines] = readFileSync(table, 'utf8').trim().split('\n');
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    return null;
  }
}

/** Numbers of the states: include/net/tcp_states.h of Linux. */
const states: Readonly<Record<string, TcpSocket['state']>> = { '01': 'established', '0A': 'listening' };

function tcpSocketOf([, local = '', remote = '', state = '', , , , uid = '', , inode = '']: string[]): TcpSocket {
  const port = (address: string): number => Number.parseInt(address.split(':')[1] ?? '', 16);
  return {
    localPort: port(local),
    remotePort: port(remote),
    state: states[state] ?? 'other',
    uid: Number(uid),
    inode,
  };
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
