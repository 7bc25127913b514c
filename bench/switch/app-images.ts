import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { imageRepository } from '../../test/support/playground.js';

/** Repository of the images under traffic: the releases of the example app, with routes for every kind of client. */
export const trafficImages = `${imageRepository}-traffic`;

const here = fileURLToPath(new URL('app', import.meta.url));
const releases = fileURLToPath(new URL('../../examples/notes/releases', import.meta.url));
/** Releases that fail as those of the example do; one that crashes at its start needs no routes. */
const special = { broken: `${trafficImages}:v1`, 'broken-without-migration': `${imageRepository}:v1` };
const same = ['v2', 'v3'];
/** Healthy, and wrong to every third user who reads: what only their requests can tell. */
const erring = `${trafficImages}:erring`;

/** The app of the example has to be there, as the set-up of the end-to-end tests builds it. */
export async function buildTrafficImages(): Promise<void> {
  const env = { DOCKER_BUILDKIT: '0' };
  const v1 = `${trafficImages}:v1`;
  await execa('docker', ['build', '--build-arg', `BASE=${imageRepository}:v1`, '-t', v1, here], { env });
  for (const tag of same) {
    // One image under several names would be one release to Docker; a label makes each its own.
    const input = `FROM ${v1}\nLABEL release=${tag}\n`;
    await execa('docker', ['build', '-t', `${trafficImages}:${tag}`, '-'], { env, input });
  }
  const answer = 'if server.uuid.uuid4().int % 3 == 0: return server.as_json(500, {"error": "now and then"})';
  const change = `sed -i '/    def newest(self, _query):/a \\        ${answer}' /app/app/traffic.py`;
  const input = `FROM ${v1}\nUSER root\nRUN ${change} && grep -q 'now and then' /app/app/traffic.py\nUSER 1000:1000\n`;
  await execa('docker', ['build', '-t', erring, '-'], { env, input });
  for (const [tag, base] of Object.entries(special)) {
    const context = `${releases}/${tag}`;
    await execa('docker', ['build', '--build-arg', `BASE=${base}`, '-t', `${trafficImages}:${tag}`, context], { env });
  }
}

export async function removeTrafficImages(): Promise<void> {
  const tags = ['v1', ...same, ...Object.keys(special)].map((tag) => `${trafficImages}:${tag}`);
  await execa('docker', ['rmi', '-f', ...tags, erring], { reject: false });
}
