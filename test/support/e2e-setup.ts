import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { holdFile, imageRepository } from './playground.js';

const app = fileURLToPath(new URL('../../examples/notes', import.meta.url));
const special = ['broken', 'broken-without-migration', 'failing-migration', 'with-migration'];
const tags = ['v1', 'v2', 'v3', 'leaky', 'hanging', 'erring', ...special].map((tag) => `${imageRepository}:${tag}`);

/** Takes requests and answers none for as long as `Playground.holdSlots` says so; then it is the app. */
const held = [
  'import os, socket, sys, time',
  `hold = '/app/data/${holdFile}'`,
  'if os.path.exists(hold):',
  "  with socket.create_server(('', 8000)):",
  '    while os.path.exists(hold): time.sleep(0.1)',
  'os.execvp(sys.argv[1], sys.argv[1:])',
].join('\n');

/** Builds the releases that end-to-end tests deploy, and removes them in the end. */
export async function setup(): Promise<() => Promise<void>> {
  const env = { DOCKER_BUILDKIT: '0' };
  await execa('docker', ['build', '-t', `${imageRepository}:v1`, app], { env });
  // One image under several names would be one release to Docker; a label makes each its own.
  for (const tag of ['v2', 'v3']) {
    const entry = JSON.stringify(['python', '-c', held]);
    const input = `FROM ${imageRepository}:v1\nLABEL release=${tag}\nENTRYPOINT ${entry}\nCMD ["python", "-m", "app"]\n`;
    await execa('docker', ['build', '-t', `${imageRepository}:${tag}`, '-'], { env, input });
  }
  // One that prints its whole environment and dies, as apps do with a debug page or a crash reporter.
  const dump = 'import os, sys; print(dict(os.environ)); sys.exit(1)';
  const leaky = `FROM ${imageRepository}:v1\nENTRYPOINT []\nCMD ["python", "-c", "${dump}"]\n`;
  await execa('docker', ['build', '-t', `${imageRepository}:leaky`, '-'], { env, input: leaky });
  // One that takes requests and never answers them: not healthy, and not yet unhealthy for a good while.
  const hang =
    "import socket, signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); s = socket.create_server(('', 8000)); time.sleep(600)";
  const hanging = `FROM ${imageRepository}:v1\nENTRYPOINT []\nCMD ["python", "-c", "${hang}"]\n`;
  await execa('docker', ['build', '-t', `${imageRepository}:hanging`, '-'], { env, input: hanging });
  // Healthy, and wrong to every third user: what only their requests can tell.
  const error = 'if uuid.uuid4().int % 3 == 0: return as_json(500, {"error": "now and then"})';
  const erring = [
    `FROM ${imageRepository}:v1`,
    'USER root',
    `RUN sed -i '/    def count(self, _query):/a \\        ${error}' /app/app/server.py && grep -q 'now and then' /app/app/server.py`,
    'USER 1000:1000',
  ].join('\n');
  await execa('docker', ['build', '-t', `${imageRepository}:erring`, '-'], { env, input: erring });
  for (const tag of special) {
    const context = `${app}/releases/${tag}`;
    const base = `BASE=${imageRepository}:v1`;
    await execa('docker', ['build', '--build-arg', base, '-t', `${imageRepository}:${tag}`, context], { env });
  }
  return async () =>
    void (await execa('docker', ['rmi', '-f', ...tags, `${imageRepository}:built`], { reject: false }));
}
