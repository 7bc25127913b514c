import semver from 'semver';
import { execIn, findContainer, putFile, readFileIn, type ContainerState } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import type { RouterWorker } from '../model/activities.js';
import type { Settings } from '../model/settings.js';

/** nginx refuses a config; what was in place before is still in place. The message is nginx's own. */
export class RouterConfigError extends Error {
  override readonly name = 'RouterConfigError';
}

const file = 'default.conf';
const candidate = 'pointsman-candidate.txt';

/** The router's nginx, in its container. */
export class Nginx {
  private readonly host: Host;
  private readonly settings: Settings;
  private readonly container: ContainerState;

  private constructor(host: Host, settings: Settings, container: ContainerState) {
    this.host = host;
    this.settings = settings;
    this.container = container;
  }

  /** The router of a project; `null` when it has no container yet. */
  static async find(host: Host, settings: Settings): Promise<Nginx | null> {
    const container = await findContainer(host.docker, settings.project, settings.router.service);
    return container ? new Nginx(host, settings, container) : null;
  }

  get running(): boolean {
    return this.container.running;
  }

  /** From this version on reloads reset no kept connection and a name may be missing. */
  async isModern(): Promise<boolean> {
    const { stderr } = await this.exec(['nginx', '-v']);
    const version = semver.coerce(stderr);
    return version !== null && semver.gte(version, '1.27.4');
  }

  /** The config in the mounted directory; `null` when there is none. Works on a container that does not run. */
  readConfig(): Promise<string | null> {
    return readFileIn(this.host.docker, this.container.id, this.path(file));
  }

  /** The config that was in place before the deploy with this timestamp. */
  readPrevious(timestamp: string): Promise<string | null> {
    return readFileIn(this.host.docker, this.container.id, this.path(previous(timestamp)));
  }

  /** Puts a config there before nginx has ever run: there is nothing to test it with and nothing to keep. */
  async place(config: string): Promise<void> {
    const directory = this.settings.router.configDirectory;
    await putFile(this.host.docker, this.container.id, { directory, name: file, content: config });
  }

  /**
   * Puts a config in place of the present one, which is kept once as `<file>.<timestamp>.previous`.
   *
   * The new one is tested by itself before it touches anything, and with the rest of nginx's config after.
   *
   * @throws {RouterConfigError} when nginx refuses it.
   */
  async install(config: string, timestamp: string): Promise<void> {
    await this.testAlone(config);
    const [target, kept, next] = [this.path(file), this.path(previous(timestamp)), this.path(candidate)];
    // A second attempt must not take the new config for the previous one.
    await this.mustExec(['sh', '-c', 'test -e "$2" || ! test -e "$1" || cp -p "$1" "$2"', 'sh', target, kept]);
    await this.mustExec(['mv', next, target]);
    const { exitCode, stderr } = await this.exec(['nginx', '-t']);
    if (exitCode === 0) return;
    await this.mustExec(['sh', '-c', 'if test -e "$2"; then cp -p "$2" "$1"; else rm -f "$1"; fi', 'sh', target, kept]);
    throw new RouterConfigError(refusal(stderr));
  }

  /** Makes nginx load what is in place. Its exit code counts: a signal would report success in any case. */
  async reload(): Promise<void> {
    const { exitCode, stderr } = await this.exec(['nginx', '-s', 'reload']);
    if (exitCode !== 0) throw new RouterConfigError(refusal(stderr));
  }

  async removePrevious(exceptTimestamp: string): Promise<void> {
    const script = 'cd "$1" && for f in default.conf.*.previous; do case $f in "$2") ;; *) rm -f "$f" ;; esac; done';
    await this.exec(['sh', '-c', script, 'sh', this.settings.router.configDirectory, previous(exceptTimestamp)]);
  }

  /** The worker processes that there are now, those that still finish requests of an older config included. */
  async workers(): Promise<RouterWorker[]> {
    const container = this.host.docker.getContainer(this.container.id);
    const top = (await container.top({ ps_args: '-o pid,lstart,args' })) as { Processes: string[][] };
    return top.Processes.map((row) => row.join(' ').trim().split(/\s+/))
      .filter((words) => words.join(' ').includes('nginx: worker process'))
      .map(([pid, ...rest]) => ({ pid: Number(pid), startedAt: rest.slice(0, 5).join(' ') }));
  }

  /** Those of `workers` that still run: each holds at least one request, or is about to end. */
  async remaining(workers: readonly RouterWorker[]): Promise<RouterWorker[]> {
    const present = await this.workers();
    return workers.filter((old) =>
      present.some(({ pid, startedAt }) => pid === old.pid && startedAt === old.startedAt),
    );
  }

  /** The clock that nginx itself goes by, in whole seconds since 1970. */
  async now(): Promise<number> {
    const { stdout } = await this.exec(['date', '+%s']);
    const seconds = Number(stdout.trim());
    if (!Number.isInteger(seconds) || seconds <= 0) throw new Error(`the router does not tell its time: ${stdout}`);
    return seconds;
  }

  /** Ends the workers that an older config was taken from, with the requests that they still have. */
  async endOldWorkers(): Promise<void> {
    const script = `for p in /proc/[0-9]*; do
  title=$(tr '\\0' ' ' < "$p/cmdline") || continue
  case $title in 'nginx: worker process is shutting down'*) kill -TERM "\${p#/proc/}" ;; esac
done
true`;
    await this.exec(['sh', '-c', script]);
  }

  private async testAlone(config: string): Promise<void> {
    const directory = this.settings.router.configDirectory;
    await putFile(this.host.docker, this.container.id, { directory, name: candidate, content: config });
    const main = `events {} http { include ${this.path(candidate)}; }`;
    const script = 'f=$(mktemp) && printf %s "$1" > "$f" && nginx -t -c "$f"; code=$?; rm -f "$f"; exit $code';
    const { exitCode, stderr } = await this.exec(['sh', '-c', script, 'sh', main]);
    if (exitCode !== 0) throw new RouterConfigError(refusal(stderr));
  }

  private exec(argv: readonly string[]) {
    return execIn(this.host.docker, this.container.id, argv);
  }

  private async mustExec(argv: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.exec(argv);
    if (exitCode !== 0) throw new Error(`the router's config directory cannot be written: ${stderr.trim()}`);
  }

  private path(name: string): string {
    return `${this.settings.router.configDirectory}/${name}`;
  }
}

function previous(timestamp: string): string {
  return `${file}.${timestamp}.previous`;
}

/** nginx's own reason, without the lines that only say that the test failed. */
function refusal(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.includes('[emerg]'));
  return (lines.length > 0 ? lines : stderr.trim().split('\n'))
    .map((line) => line.replace(/^.*\[emerg\] (\d+#\d+: )?/, ''))
    .join('; ');
}
