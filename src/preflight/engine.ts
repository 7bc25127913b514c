import semver from 'semver';
import type { Host } from '../hosts/host.js';
import { error, type Said } from './check.js';

const oldestEngine = '20.10.0';
const oldestCompose = '2.20.0';

/** What everything else needs: without it no other check can be made, so these come first and alone. */
export async function checkEngine(host: Host): Promise<readonly Said[]> {
  const problems = await Promise.all([checkDocker(host), checkCompose(host), checkFlock(host)]);
  return problems.flat();
}

async function checkDocker(host: Host): Promise<readonly Said[]> {
  try {
    const { Version } = await host.docker.version();
    const version = semver.coerce(Version);
    if (version && semver.gte(version, oldestEngine)) return [];
    return [error(`Docker Engine ${Version} on ${host.name} is too old.`, `Install ${oldestEngine} or later.`)];
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES') {
      return [
        error(`No permission to use Docker on ${host.name}.`, 'Add the user to the docker group and log in again.'),
      ];
    }
    return [
      error(`Docker does not answer on ${host.name}: ${message}.`, 'Start Docker Engine: systemctl start docker.'),
    ];
  }
}

async function checkCompose(host: Host): Promise<readonly Said[]> {
  const { exitCode, stdout } = await host.tryRun({ argv: ['docker', 'compose', 'version', '--short'] });
  const version = exitCode === 0 ? semver.coerce(stdout) : null;
  const fix = `Install the Docker Compose plugin, ${oldestCompose} or later.`;
  if (!version) return [error(`"docker compose" does not work on ${host.name}: Compose v2 is missing.`, fix)];
  if (semver.lt(version, oldestCompose)) return [error(`Docker Compose ${version.version} is too old.`, fix)];
  return [];
}

async function checkFlock(host: Host): Promise<readonly Said[]> {
  const { exitCode } = await host.tryRun({ argv: ['flock', '--version'] });
  return exitCode === 0 ? [] : [error(`The command flock is missing on ${host.name}.`, 'Install util-linux.')];
}
