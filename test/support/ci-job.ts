import { join } from 'node:path';
import { execa } from 'execa';
import { initProject } from '../../src/config/init.js';
import { Playground } from './playground.js';
import { noteCommand } from './transcript.js';

/** A project with the CI file that `init --ci` writes, and a server that only the key of CI opens. */
export async function ciProject(at?: string): Promise<Playground> {
  const place = await Playground.create({ kind: 'via', ...(at ? { at } : {}) });
  await place.edit('pointsman.yml', (text) =>
    text.replace('production: {}', 'production: { compose: [compose.yml, compose.demo.yml], envFile: false }'),
  );
  await initProject(place.directory, { ci: 'gitlab' });
  await initProject(place.directory, { ci: 'github' });
  await place.ssh?.allow(
    `restrict,port-forwarding,permitopen="127.0.0.1:${place.temporalPort}",command="pointsman ssh-gate --ship"`,
  );
  return place;
}

/** Runs a job's script in a clean shell, as a runner does: with the variables of the CI and nothing else. */
export function runJob(place: Playground, script: string, variables: Record<string, string>, shell = ['sh', '-e']) {
  const [program = 'sh', ...options] = shell;
  const { POINTSMAN_SSH_KEY = '', POINTSMAN_KNOWN_HOSTS = '', POINTSMAN_VIA = '' } = place.environment;
  const env = {
    PATH: `${place.directory}/.host-bin:/usr/local/bin:/usr/bin:/bin`,
    HOME: join(place.directory, '.runner'),
    CI: 'true',
    ...{ POINTSMAN_SSH_KEY, POINTSMAN_KNOWN_HOSTS, POINTSMAN_VIA },
    POINTSMAN_TEMPORAL_PORT: String(place.temporalPort),
    LITESTREAM_R2_ENDPOINT: 'http://s3:9000',
    LITESTREAM_R2_BUCKET: 'notes',
    LITESTREAM_R2_ACCESS_KEY_ID: 'ci-access-key',
    LITESTREAM_R2_SECRET_ACCESS_KEY: 'ci-secret-access-key',
    ...variables,
  };
  const settings = { cwd: place.directory, env, extendEnv: false, reject: false, all: true } as const;
  const child = execa(program, [...options, '-c', script], { ...settings, detached: true });
  noteCommand(`${program} -c '${script}'`, child);
  return child;
}
