import { isIP } from 'node:net';
import { join } from 'node:path';
import type { SshEnvironment } from '../environment.js';
import { SshError } from '../error.js';
import { readIfThere } from '../identities.js';
import { includedFiles } from './include.js';
import { unsupportedAt } from './keywords.js';
import { configLines, type ConfigLine } from './lines.js';
import { hostApplies, matchApplies, mentionsFinal, type Subject } from './matching.js';
import { expandTokens } from './tokens.js';

/** A file of the configuration. */
export interface ConfigFile {
  readonly path: string;
  /** What Include is relative to, in this file and in those that it includes. */
  readonly directory: string;
}

/** A host as it is asked for; what is given here comes before what the configuration says. */
export interface ConfigQuery {
  readonly host: string;
  readonly user: string | null;
  readonly port: number | null;
  /** The hosts to go through, as `ssh -J` takes them. */
  readonly proxyJump: string | null;
}

/** The lines that apply to a host, by keyword: the first of each, and all of those that add up. */
export type ConfigOptions = ReadonlyMap<string, readonly ConfigLine[]>;

/** As in `ssh` (READCONF_MAX_DEPTH). */
const maxDepth = 16;
const addingUp = ['identityfile', 'certificatefile'];

/** The user's own file, then that of the machine: the first value counts. */
export function configFiles(home: string): ConfigFile[] {
  const [own, system] = [join(home, '.ssh'), '/etc/ssh'];
  return [
    { path: join(own, 'config'), directory: own },
    { path: join(system, 'ssh_config'), directory: system },
  ];
}

/**
 * Reads files by the rules of ssh_config(5). A `Match final` makes it read them a second time, as `ssh` does.
 *
 * @throws {SshError} `usage` where they cannot be read or understood.
 */
export async function readConfig(
  query: ConfigQuery,
  environment: Pick<SshEnvironment, 'home' | 'user'>,
  files: readonly ConfigFile[],
): Promise<ConfigOptions> {
  const reading = new Reading(query, environment);
  await reading.readAll(files);
  if (reading.wantsFinalPass) await reading.readAgain(files);
  return reading.options;
}

/**
 * The only value of a keyword; `null` where it is not given.
 *
 * @throws {SshError} `usage` where there are several.
 */
export function one(options: ConfigOptions, keyword: string): string | null {
  const line = options.get(keyword)?.[0];
  if (!line) return null;
  if (line.values.length === 1) return line.values[0] ?? null;
  throw new SshError('usage', `${line.place}: ${line.written} takes one value, not ${line.values.join(' ')}.`);
}

/** The host's name after HostName; `ssh` takes names in lower case. */
export function hostnameOf(options: ConfigOptions, host: string): string {
  const line = options.get('hostname')?.[0];
  const name = line ? expandTokens(one(options, 'hostname') ?? '', { h: host }, line) : host;
  return isIP(name) ? name : name.toLowerCase();
}

class Reading {
  readonly options = new Map<string, ConfigLine[]>();
  wantsFinalPass = false;
  private readonly query: ConfigQuery;
  private readonly environment: Pick<SshEnvironment, 'home' | 'user'>;
  private finalPass = false;
  private blockHost: string;

  constructor(query: ConfigQuery, environment: Pick<SshEnvironment, 'home' | 'user'>) {
    this.query = query;
    this.environment = environment;
    this.blockHost = query.host;
    const { user, port, proxyJump } = query;
    for (const [written, value] of Object.entries({ User: user, Port: port, ProxyJump: proxyJump })) {
      const keyword = written.toLowerCase();
      if (value !== null) this.note({ keyword, written, values: [String(value)], place: `the address ${query.host}` });
    }
  }

  async readAll(files: readonly ConfigFile[]): Promise<void> {
    for (const file of files) await this.readFile(file, { applies: true, depth: 0 });
  }

  async readAgain(files: readonly ConfigFile[]): Promise<void> {
    this.finalPass = true;
    this.blockHost = hostnameOf(this.options, this.query.host);
    await this.readAll(files);
  }

  /** @param parent whether the Include that names the file applies: if not, nothing in it does. */
  private async readFile(file: ConfigFile, parent: { applies: boolean; depth: number }): Promise<void> {
    if (parent.depth > maxDepth) {
      throw new SshError('usage', `${file.path}: Include leads ${maxDepth} files deep. Does a file include itself?`);
    }
    let applies = parent.applies;
    for (const line of configLines((await readIfThere(file.path)) ?? '', file.path)) {
      if (line.keyword === 'match') this.wantsFinalPass ||= mentionsFinal(line);
      if (line.keyword === 'host') applies = parent.applies && hostApplies(line, this.subject());
      else if (line.keyword === 'match') applies = parent.applies && matchApplies(line, this.subject());
      else if (line.keyword === 'include') await this.include(line, file, { applies, depth: parent.depth + 1 });
      else if (applies) this.note(line);
    }
  }

  private async include(line: ConfigLine, { directory }: ConfigFile, parent: { applies: boolean; depth: number }) {
    for (const value of line.values) {
      if (/^~[^/]|%|\$\{/.test(value)) throw unsupportedAt(line, 'Write the path out.', `Include ${value}`);
      const pattern = value.replace(/^~/, this.environment.home);
      for (const path of await includedFiles(pattern, directory)) await this.readFile({ path, directory }, parent);
    }
  }

  private subject(): Subject {
    const { host } = this.query;
    const { user: localUser } = this.environment;
    const user = one(this.options, 'user') ?? localUser;
    const { blockHost, finalPass } = this;
    return { originalHost: host, blockHost, hostname: hostnameOf(this.options, host), user, localUser, finalPass };
  }

  /** The first value counts. ProxyJump and ProxyCommand are two ways to say one thing. */
  private note(line: ConfigLine): void {
    const { keyword } = line;
    const key = keyword === 'proxycommand' ? 'proxyjump' : keyword;
    const before = this.options.get(key);
    if (!before) this.options.set(key, [line]);
    else if (addingUp.includes(keyword)) before.push(line);
  }
}
