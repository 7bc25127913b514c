import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSshAddress } from '../../src/hosts/ssh/address.js';
import { clientConfig, type ClientConfig } from '../../src/hosts/ssh/client-config/client-config.js';

/** A home directory of its own, for its `~/.ssh`. */
export class SshHome {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<SshHome> {
    return new SshHome(await mkdtemp(join(tmpdir(), 'pointsman-ssh-home-')));
  }

  get directory(): string {
    return join(this.path, '.ssh');
  }

  /** Writes files by their paths in `~/.ssh`. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.directory, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text, { mode: 0o600 });
    }
  }

  /** What its `~/.ssh/config`, and no other file, says of an address. */
  resolve(url: string): Promise<ClientConfig> {
    const query = { ...parseSshAddress(url), proxyJump: null };
    const environment = { home: this.path, user: userInfo().username, agentSocket: null };
    const { directory } = this;
    return clientConfig(query, environment, [{ path: join(directory, 'config'), directory }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
