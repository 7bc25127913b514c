import semver from 'semver';
import {
  execIn,
  findContainer,
  putFile,
  readFileIn,
  type ContainerState,
  type ExecOptions,
  type ExecResult,
} from '../docker/container.js';
import { isNotRunning } from '../docker/engine-refusal.js';
import { isOvertakenBy, overtaken, OvertakenError, passing, type Passing } from '../hosts/fence.js';
import type { Host } from '../hosts/host.js';
import type { RouterWorker } from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import { RouterDownError } from './live-slot.js';
import { marker } from './nginx-config.js';
import {
  addingWarmUp,
  askThere,
  behindFence,
  endingOldWorkers,
  fenceFile,
  file,
  moving,
  placing,
  previous,
  reloadOnceReached,
  removingWarmUp,
  testing,
  unreached,
  unwritable,
} from './nginx-scripts.js';

export { keptForEver } from './nginx-scripts.js';

/** nginx refuses a config; what was in place before is still in place. The message is nginx's own. */
export class RouterConfigError extends Error {
  override readonly name = 'RouterConfigError';
}

/** How a config is put in place. */
export interface Installing {
  readonly reload?: boolean;
  /** Other files of the user's, absolute, that get a name which nginx does not read, as {@link keptForEver} says. */
  readonly aside?: readonly string[];
}

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

  /** Reference of the image that its container was created from. */
  get image(): string {
    return this.container.image;
  }

  /** The file that pointsman writes, in its container. */
  get file(): string {
    return this.path(file);
  }

  /** From this version on reloads reset no kept connection and a name may be missing. */
  async isModern(): Promise<boolean> {
    return isAtLeast(await this.version(), '1.27.4');
  }

  /** `1.30.1`; `null` when it is not told. It is that of the container's image, so each container is asked once. */
  async version(): Promise<string | null> {
    const known = versions.get(this.container.id);
    if (known !== undefined) return known;
    const { stderr } = await this.exec(['nginx', '-v']);
    const version = semver.coerce(stderr)?.version ?? null;
    if (version !== null) versions.set(this.container.id, version);
    return version;
  }

  /** The config in the mounted directory; `null` when there is none. Works on a container that does not run. */
  readConfig(): Promise<string | null> {
    return readFileIn(this.host.docker, this.container.id, this.file);
  }

  /** The config that was in place before the deploy with this timestamp. */
  readPrevious(timestamp: string): Promise<string | null> {
    return readFileIn(this.host.docker, this.container.id, this.path(previous(timestamp)));
  }

  /**
   * Puts a config there before nginx has ever run: there is nothing to test it with and nothing to keep. A container that does
   * not run takes no command, so its fence is looked at right before.
   *
   * @throws {OvertakenError} where a later step has changed something.
   */
  async place(config: string): Promise<void> {
    const directory = this.settings.router.configDirectory;
    if (this.running) return mustTake(await this.act(moving, [directory, config]));
    passing('act');
    const passed = await readFileIn(this.host.docker, this.container.id, fenceFile);
    if (isOvertakenBy(Number(passed))) throw this.overtaken();
    await putFile(this.host.docker, this.container.id, { directory, name: file, content: config });
  }

  /**
   * Puts a config in place of the present one, which is kept once as `<file>.<timestamp>.previous`; one that pointsman did not
   * write is kept for ever besides, as {@link keptForEver}. With `reload`, nginx loads it, too.
   *
   * The new one is tested by itself before it touches anything, and with the rest of nginx's config after: all of it in
   * one command, since each takes longer than what it does.
   *
   * @throws {RouterConfigError} when nginx refuses it.
   * @throws {RouterDownError} when the router died under it.
   */
  async install(config: string, timestamp: string, { reload = false, aside = [] }: Installing = {}): Promise<void> {
    const directory = this.settings.router.configDirectory;
    const args = [directory, previous(timestamp), config, reload ? 'reload' : '', marker, timestamp, ...aside];
    mustTake(await this.act(testing + placing, args));
  }

  /**
   * Makes nginx load this beside all that its user has written, until the next {@link install}.
   *
   * @throws {RouterConfigError} when nginx refuses it; it is gone again then.
   */
  async addWarmUp(config: string): Promise<void> {
    mustTake(await this.act(addingWarmUp, [this.settings.router.configDirectory, config]));
  }

  /** Tells whether there was one. */
  async removeWarmUp(): Promise<boolean> {
    const { stdout } = await this.act(removingWarmUp, [this.settings.router.configDirectory]);
    return stdout.trim() === 'removed';
  }

  /**
   * Makes nginx load what is in place. Its exit code counts: a signal would report success in any case.
   *
   * @throws {RouterConfigError} when nginx refuses it.
   * @throws {RouterDownError} when the router died under it.
   */
  async reload(): Promise<void> {
    mustAccept(await this.act('exec nginx -s reload', []));
  }

  /**
   * As {@link reload}, right after the router itself has reached a slot, in one command: `false`, and nothing is loaded, when
   * it does not. A router's image that has neither curl, wget nor bash cannot ask, and reloads.
   */
  async reloadIfItReaches(service: string, port: number): Promise<boolean> {
    const ended = await this.act(reloadOnceReached, [service, String(port)]);
    if (ended.exitCode === unreached) return false;
    mustAccept(ended);
    return true;
  }

  /**
   * Whether nginx takes a config, and all that is in place now, without putting anything there.
   *
   * @throws {RouterConfigError} when it refuses one of them.
   * @throws {RouterDownError} when the router died under it.
   */
  async accept(config: string): Promise<void> {
    const args = [this.settings.router.configDirectory, '', config];
    mustTake(await this.act(`${testing}exec nginx -t`, args, 'look'));
  }

  /** Whether the router itself reaches a slot; one that cannot ask is taken to. */
  async reaches(service: string, port: number): Promise<boolean> {
    const { exitCode } = await this.exec(['sh', '-c', askThere, 'sh', service, String(port)]);
    return exitCode !== unreached;
  }

  async removePrevious(exceptTimestamp: string): Promise<void> {
    const script =
      'cd "$1" && for f in default.conf.????????T??????Z*.previous default.conf.state-ended.previous; do case $f in "$2") ;; *) rm -f "$f" ;; esac; done';
    await this.act(script, [this.settings.router.configDirectory, previous(exceptTimestamp)], 'look');
  }

  /** The worker processes that there are now, those that still finish requests of an older config included. */
  async workers(): Promise<RouterWorker[]> {
    const container = this.host.docker.getContainer(this.container.id);
    const top = (await container.top({ ps_args: '-o pid,lstart,args' }).catch((error: unknown) => {
      // A router that has just died has none, nor their requests.
      if (isNotRunning(error)) return { Processes: [] };
      throw error;
    })) as { Processes: string[][] };
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
    await this.act(endingOldWorkers, [], 'look');
  }

  /**
   * Runs a script in the router's container that changes something there, in one command with the look at its fence.
   *
   * @throws {OvertakenError} where a later step has changed something; nothing is done then.
   */
  async act(script: string, args: readonly string[], how: Passing = 'act'): Promise<ExecResult> {
    const ended = await this.exec(['sh', '-c', behindFence + script, 'sh', ...passing(how), ...args]);
    if (ended.exitCode === overtaken) throw this.overtaken();
    return ended;
  }

  /** From now on no step that began before this one changes anything here: what undoes it may find that there is nothing to do. */
  async closeFence(): Promise<void> {
    // One that does not run is changed by nobody.
    if (this.running) mustTake(await this.act('', [], 'close'));
  }

  private overtaken(): OvertakenError {
    return new OvertakenError(`the router ${this.settings.router.service}`);
  }

  /** Runs a command in the router's container that changes nothing that a later step could have changed. */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return execIn(this.host.docker, this.container.id, argv, options);
  }

  private path(name: string): string {
    return `${this.settings.router.configDirectory}/${name}`;
  }
}

/** What each container's nginx has told of itself. */
const versions = new Map<string, string>();

/** A version that is not told counts as old. */
export function isAtLeast(version: string | null, least: string): boolean {
  return version !== null && semver.gte(version, least);
}

/** As {@link mustAccept}, of a command that writes, too. */
function mustTake(ended: ExecResult): void {
  if (ended.exitCode === unwritable) {
    throw new Error(`the router's config directory cannot be written: ${ended.stderr.trim().split('\n').at(-1)}`);
  }
  mustAccept(ended);
}

/** @throws {RouterConfigError} when nginx refuses the config. */
function mustAccept(ended: ExecResult): void {
  const refused = refusalOf(ended);
  if (refused !== null) throw new RouterConfigError(refused);
}

/**
 * nginx's own reason, without the lines that only say that the test failed; `null` when it refuses nothing.
 *
 * @throws {RouterDownError} when the command failed and nginx gives no reason: its container died under it, or nginx is
 *   just being started. That says nothing about the config.
 */
function refusalOf({ exitCode, stderr }: ExecResult): string | null {
  if (exitCode === 0) return null;
  const lines = stderr.split('\n').filter((line) => line.includes('[emerg]'));
  if (lines.length === 0) {
    const said = stderr.trim().split('\n').at(-1);
    throw new RouterDownError(`nginx in the router ended with ${exitCode}${said ? `: ${said}` : ''}`);
  }
  return lines.map((line) => line.replace(/^.*\[emerg\] (\d+#\d+: )?/, '')).join('; ');
}
