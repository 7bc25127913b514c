import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Of src/workflows/activity-options.ts. The product's own values are held by `attempts` in test/workflows. */
const slow = {
  "initialInterval: '1s'": "initialInterval: '100ms'",
  "maximumInterval: '20s'": "maximumInterval: '100ms'",
};

/**
 * The program as it is built, but for the pauses between the attempts of a step: for tests of what comes after the last of
 * them, which is two minutes away otherwise. Its histories are the same.
 */
export class QuickRetries {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<QuickRetries> {
    const quick = new QuickRetries(await mkdtemp(join(tmpdir(), 'pointsman-quick-')));
    for (const part of ['dist', 'package.json']) {
      await cp(join(root, part), join(quick.directory, part), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(quick.directory, 'node_modules'));
    await quick.shorten(join(quick.directory, 'dist/workflow-bundle.js'));
    return quick;
  }

  get main(): string {
    return join(this.directory, 'dist/cli/main.js');
  }

  private async shorten(bundle: string): Promise<void> {
    let text = await readFile(bundle, 'utf8');
    for (const [long, short] of Object.entries(slow)) {
      if (!text.includes(long)) throw new Error(`the workflows have no ${long} any more`);
      text = text.replaceAll(long, short);
    }
    await writeFile(bundle, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
