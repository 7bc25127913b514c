import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { imageRepository, Playground } from '../../../test/support/playground.js';
import { trafficImages } from '../app-images.js';
import { stepsOf, type Step } from '../steps.js';

export type ContenderName = 'pointsman' | 'script' | 'plain';

export interface Deployed {
  readonly exitCode: number;
  readonly tookMs: number;
  readonly steps: readonly Step[];
  readonly said: string;
}

/** One way of bringing a release up, with a project of its own that has the same app, database, replica and router. */
export interface Contender {
  readonly name: ContenderName;
  readonly title: string;
  readonly place: Playground;
  readonly deploy: (release: string) => Promise<Deployed>;
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export async function pointsman(): Promise<Contender> {
  const place = await Playground.create({ asWritten: true });
  await place.edit('pointsman.yml', (text) => text.replace(`image: ${imageRepository}:`, `image: ${trafficImages}:`));
  const deploy = async (release: string): Promise<Deployed> => {
    const command = place.start('deploy', '-e', 'demo', '--release', release, '--json');
    const { tookMs, exitCode, said } = await timed(command);
    return { tookMs, exitCode, said, steps: stepsOf(said) };
  };
  return { name: 'pointsman', title: 'pointsman', place, deploy };
}

/** The hand-written script, which lies in the project's directory as it would in a repository. */
export async function script(): Promise<Contender> {
  const place = await Playground.create({ asWritten: true });
  await copyFile(file('../deploy.sh'), join(place.directory, 'deploy.sh'));
  const env = { PROJECT: place.project, IMAGE: trafficImages, ROUTER_PORT: String(place.port) };
  const deploy = async (release: string): Promise<Deployed> => {
    const { tookMs, exitCode, said } = await timed(execa('./deploy.sh', [release], optionsOf(place, env)));
    return { tookMs, exitCode, said, steps: scriptSteps(said) };
  };
  return { name: 'script', title: 'a script of the same steps', place, deploy };
}

/** One container, replaced. */
export async function plain(): Promise<Contender> {
  const place = await Playground.create({ asWritten: true });
  await copyFile(file('compose.plain.yml'), join(place.directory, 'compose.yml'));
  await mkdir(join(place.directory, 'router'));
  await copyFile(file('plain-router.conf'), join(place.directory, 'router', 'default.conf'));
  const args = [...composeArgs(place), 'up', '-d', '--wait'];
  const deploy = async (release: string): Promise<Deployed> => {
    const env = { APP_IMAGE: `${trafficImages}:${release}`, APP_RELEASE: release, ROUTER_PORT: String(place.port) };
    const { tookMs, exitCode, said } = await timed(execa('docker', args, optionsOf(place, env)));
    return { tookMs, exitCode, said, steps: [] };
  };
  return { name: 'plain', title: '`docker compose up -d --wait`', place, deploy };
}

/** All of a project stands still while another one is measured; nothing of it is stopped. */
export async function freeze({ place }: Contender): Promise<void> {
  for (const container of await containersOf(place, 'running')) await container.pause();
}

/** Goes on once each container is healthy again: a check that was under way when it was frozen has failed by now. */
export async function thaw({ place }: Contender): Promise<void> {
  for (const container of await containersOf(place, 'paused')) await container.unpause();
  for (const container of await containersOf(place, 'running')) {
    while (((await container.inspect()).State.Health?.Status ?? 'healthy') !== 'healthy') await sleep(200);
  }
}

async function containersOf({ docker, project }: Playground, status: 'running' | 'paused') {
  const filters = { label: [`com.docker.compose.project=${project}`], status: [status] };
  return (await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id));
}

function composeArgs({ project }: Playground): string[] {
  return ['compose', '-p', project, '-f', 'compose.yml', '-f', 'compose.demo.yml', '--env-file', '.env.demo'];
}

function optionsOf({ directory }: Playground, env: Record<string, string>) {
  return { cwd: directory, env, reject: false, all: true } as const;
}

interface Ending {
  readonly exitCode?: number | undefined;
  readonly all?: string | undefined;
}

async function timed(command: PromiseLike<Ending>): Promise<Omit<Deployed, 'steps'>> {
  const begun = performance.now();
  const { exitCode = -1, all = '' } = await command;
  return { tookMs: performance.now() - begun, exitCode, said: all };
}

/** The script says when each step begins: one ends where the next begins. */
export function scriptSteps(said: string): Step[] {
  const marks = [...said.matchAll(/^(\d{13}) (\w+)$/gm)].map(([, at = '', name = '']) => ({ at: Number(at), name }));
  return marks.slice(0, -1).map(({ at, name }, index) => ({
    ...{ name, kind: 'step', state: 'done', startedAt: at },
    endedAt: marks[index + 1]?.at ?? at,
  }));
}
