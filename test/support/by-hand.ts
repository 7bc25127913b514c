import { execa } from 'execa';
import { imageRepository, type Playground } from './playground.js';

// What a user does to an app who has run it by hand until now.

/** Runs a script in the router's container. */
export async function inRouter(place: Playground, script: string, input = ''): Promise<string> {
  const { id } = (await place.container('router')) ?? { id: '' };
  return (await execa('docker', ['exec', '-i', id, 'sh', '-c', script], { input, stripFinalNewline: false })).stdout;
}

/** Has nginx take the files that are there, and waits until no worker of before is left. */
export async function reloadByHand(place: Playground): Promise<void> {
  await inRouter(place, reloaded);
}

const reloaded = `
old=$(grep -l '^nginx: worker' /proc/[0-9]*/cmdline)
nginx -t && nginx -s reload || exit 1
for one in $old; do while [ -e "$one" ]; do sleep 0.05; done; done`;

/** Runs Compose with `v1` for blue and `v2` for green. */
export async function composeByHand(place: Playground, ...args: string[]): Promise<void> {
  const files = ['-f', 'compose.yml', '-f', 'compose.demo.yml', '--env-file', '.env.demo', '--profile', '*'];
  const images = {
    BLUE_IMAGE: `${imageRepository}:v1`,
    BLUE_RELEASE: 'v1',
    GREEN_IMAGE: `${imageRepository}:v2`,
    GREEN_RELEASE: 'v2',
  };
  await execa('docker', ['compose', '-p', place.project, ...files, ...args], {
    cwd: place.directory,
    env: { ...place.environment, ...images },
  });
}
