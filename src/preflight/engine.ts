import { setTimeout as sleep } from 'node:timers/promises';
import semver from 'semver';
import { brokeOff } from '../hosts/broken-off.js';
import type { Host } from '../hosts/host.js';
import { wrongClock } from '../model/clock.js';
import { error, type Said } from './check.js';

const oldestEngine = '20.10.0';
const oldestCompose = '2.20.0';
/** systemd starts a daemon again after 2 s. */
const startAgainMs = 10_000;

/** What everything else needs: without it no other check can be made, so these come first and alone. */
export async function checkEngine(host: Host): Promise<readonly Said[]> {
  const problems = await Promise.all([checkDocker(host), checkCompose(host), checkFlock(host), checkClock(host)]);
  return problems.flat();
}

async function checkDocker(host: Host): Promise<readonly Said[]> {
  try {
    const Version = await versionOnceUp(host);
    const version = semver.coerce(Version);
    if (version && semver.gte(version, oldestEngine)) return [];
    return [error(`Docker Engine ${Version} on ${host.name} is too old.`, `Install ${oldestEngine} or later.`)];
  } catch (cause) {
    if (brokeOff(cause)) throw cause;
    return [await whyNoDocker(host, cause as Error)];
  }
}

/** A daemon that was killed leaves its socket behind: until its supervisor has started it again, nobody listens there. */
async function versionOnceUp({ docker }: Host): Promise<string> {
  const deadline = Date.now() + startAgainMs;
  let crashed = false;
  for (;;) {
    try {
      return (await docker.version()).Version;
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException;
      // The daemon that follows makes the socket anew; where it never was, nobody will.
      crashed ||= code === 'ECONNREFUSED';
      if (!crashed || !['ECONNREFUSED', 'ENOENT'].includes(code) || Date.now() > deadline) throw cause;
      await sleep(100);
    }
  }
}

/** The socket says only that it does not open; the `docker` command on the host says why. */
async function whyNoDocker(host: Host, cause: Error): Promise<Said> {
  const { exitCode, stderr } = await host.tryRun({ argv: ['docker', 'version', '--format', '{{.Server.Version}}'] });
  if (exitCode === null || exitCode === 127) {
    return error(`Docker is not installed on ${host.name}.`, 'Install Docker Engine and the Compose plugin.');
  }
  if (/permission denied/i.test(stderr) || (cause as NodeJS.ErrnoException).code === 'EACCES') {
    return error(`No permission to use Docker on ${host.name}.`, 'Add the user to the docker group and log in again.');
  }
  return error(
    `Docker does not answer on ${host.name}: ${cause.message.replace(/\.$/, '')}.`,
    'Start Docker Engine: systemctl start docker.',
  );
}

async function checkCompose(host: Host): Promise<readonly Said[]> {
  const { exitCode, stdout } = await host.tryRun({ argv: ['docker', 'compose', 'version', '--short'] });
  const version = exitCode === 0 ? semver.coerce(stdout) : null;
  const fix = `Install the Docker Compose plugin, ${oldestCompose} or later.`;
  if (!version && (await host.tryRun({ argv: ['docker-compose', 'version', '--short'] })).exitCode === 0) {
    return [error(`${host.name} has only docker-compose v1, which is at its end of life.`, fix)];
  }
  if (!version) return [error(`"docker compose" does not work on ${host.name}: Compose v2 is missing.`, fix)];
  if (semver.lt(version, oldestCompose)) return [error(`Docker Compose ${version.version} is too old.`, fix)];
  return [];
}

async function checkFlock(host: Host): Promise<readonly Said[]> {
  const { exitCode } = await host.tryRun({ argv: ['flock', '--version'] });
  return exitCode === 0 ? [] : [error(`The command flock is missing on ${host.name}.`, 'Install util-linux.')];
}

async function checkClock(host: Host): Promise<readonly Said[]> {
  const before = Date.now();
  const { exitCode, stdout } = await host.tryRun({ argv: ['date', '+%s'] });
  // Somewhere between the question and its answer.
  const here = (before + Date.now()) / 2000;
  const wrong = exitCode === 0 ? wrongClock(host.name, Number(stdout) - here) : null;
  return wrong ? [error(wrong.message, wrong.fix)] : [];
}
