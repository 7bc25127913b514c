import type Docker from 'dockerode';
import { execa } from 'execa';
import { execIn } from '../../src/docker/container.js';

/** What to run with the database open, in the directory that it lies in. */
export interface VolumePython {
  readonly code: string;
  /** Name of the database file. */
  readonly file: string;
}

/** What a signal that ends a process adds to its exit code. */
const bySignal = 128;

/**
 * Runs Python in the volume of the app, with `db` open on a file of it: in the slot that has run longest, where one does,
 * since a container of its own takes half a second of a processor each time.
 */
export async function pythonInVolume(docker: Docker, project: string, python: VolumePython): Promise<string> {
  const slot = await oldestSlot(docker, project);
  if (slot) {
    const { exitCode, stdout, stderr } = await execIn(docker, slot, argv('/app/data', python), { user: '0' });
    if (exitCode === 0) return stdout.trimEnd();
    // The slot may be stopped under it; nothing else ends it by a signal.
    if (exitCode < bySignal) throw new Error(`Python in the volume of ${project} ended with ${exitCode}:\n${stderr}`);
  }
  const mounted = ['-v', `${project}_app-data:/data`, 'python:3.11-slim-bookworm'];
  return (await execa('docker', ['run', '--rm', '--network', 'none', ...mounted, ...argv('/data', python)])).stdout;
}

function argv(directory: string, { code, file }: VolumePython): string[] {
  const opening = `import sqlite3, json, os\nos.chdir('${directory}')\ndb = sqlite3.connect(${JSON.stringify(file)}, timeout=10)\n`;
  return ['python', '-c', opening + code];
}

async function oldestSlot(docker: Docker, project: string): Promise<string | null> {
  const filters = { label: [`com.docker.compose.project=${project}`], status: ['running'] };
  const running = await docker.listContainers({ filters });
  const slots = running.filter(({ Labels }) => Labels['com.docker.compose.service']?.startsWith('app-'));
  return slots.sort((a, b) => a.Created - b.Created)[0]?.Id ?? null;
}
