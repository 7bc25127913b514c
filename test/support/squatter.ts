import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Uid of `nobody`. */
export const nobody = 65_534;

/** Only root can act as somebody else. */
export const canBeNobody = process.geteuid?.() === 0;

/** Runs a Node script as `nobody` until the test ends; returns when it has printed its first line. */
export async function asNobody(script: string, ...args: string[]): Promise<ChildProcess & { firstLine: string }> {
  const program = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', process.execPath];
  const child = spawn('setpriv', [...program, '-e', script, '--', ...args], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [firstLine] = (await once(child.stdout, 'data')) as [Buffer];
  return Object.assign(child, { firstLine: String(firstLine).trim() });
}

/** How it ends when `nobody` opens a file for reading, which is enough to lock it: `open`, or the error's code. */
export async function openedByNobody(path: string): Promise<string> {
  const script = `try { require('fs').openSync(process.argv[1]); console.log('open') } catch ({ code }) { console.log(code) }`;
  return (await asNobody(script, path)).firstLine;
}

/** Ways of a squatter to answer whoever connects. */
export const answers = {
  /** What `up` would say, with the pid of somebody else's process. */
  lie: (pid: number) => `socket.end(${JSON.stringify(JSON.stringify({ pid, ready: true }))})`,
  silence: () => '',
  endless: () => `const more = () => { while (socket.write('x'.repeat(65536))); }; socket.on('drain', more); more()`,
} as const;

/** Listens as `nobody` on a port, or on an abstract socket's name without its zero byte. */
export function squat(where: number | string, answer: string): Promise<ChildProcess> {
  const address =
    typeof where === 'number' ? `{ host: '127.0.0.1', port: ${where} }` : `'\\0' + ${JSON.stringify(where)}`;
  return asNobody(
    `require('net').createServer((socket) => { socket.on('error', () => undefined); ${answer} })
      .listen(${address}, () => console.log('squatting'))`,
  );
}

/** A process of this user that nothing here may end. */
export function bystander(): ChildProcess {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

export const lives = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;
