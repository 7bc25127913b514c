import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { untilSaid } from './until-said.js';

/** Waits until so many wait for the end of a job of this state directory. */
export async function untilWaiting(stateDirectory: string, count: number): Promise<void> {
  for (;;) {
    const { stdout } = await execa('pgrep', ['-fc', `^flock -s ${stateDirectory}/jobs/`], { reject: false });
    if (Number(stdout) >= count) return;
    await sleep(10);
  }
}

/** Holds a lock as another job would, until the function that it returns is called. */
export async function heldLock(file: string): Promise<() => void> {
  const holder = execa('flock', [file, 'sh', '-c', 'echo held; read _'], { reject: false });
  await untilSaid(holder.stdout, 'held');
  return () => holder.stdin.end('\n');
}
