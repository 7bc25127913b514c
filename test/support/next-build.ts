import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One change of a source file, as a person would make it. */
export interface SourceChange {
  /** `src/workflows/deploy.ts` */
  readonly file: string;
  /** Must be there once. */
  readonly from: string;
  readonly to: string;
}

/** A copy of pointsman's sources with changes of its own: what the next release might be. Gone when disposed. */
export class NextBuild {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @throws when what is to be changed is not there: nothing is proven by a change that was not made. */
  static async of(changes: readonly SourceChange[]): Promise<NextBuild> {
    const next = new NextBuild(await mkdtemp(join(tmpdir(), 'pointsman-next-')));
    try {
      for (const copied of ['src', 'script', 'templates', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
        await cp(join(root, copied), join(next.directory, copied), { recursive: true });
      }
      await symlink(await realpath(join(root, 'node_modules')), join(next.directory, 'node_modules'));
      for (const change of changes) await next.change(change);
      return next;
    } catch (error) {
      await next[Symbol.asyncDispose]();
      throw error;
    }
  }

  get workflowsPath(): string {
    return join(this.directory, 'src/workflows/index.ts');
  }

  /** The program, once it is built. */
  get main(): string {
    return join(this.directory, 'dist/cli/main.js');
  }

  /**
   * As `npm run build` does, but for the types: those of the sources were checked where they were copied from. To look at
   * each file alone takes a second of a processor instead of a dozen.
   */
  async build(): Promise<void> {
    const source = join(this.directory, 'src');
    const { ESNext } = ts.ModuleKind;
    const compilerOptions = { module: ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
    for (const name of await readdir(source, { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const text = await readFile(join(source, name), 'utf8');
      const { outputText } = ts.transpileModule(text, { compilerOptions });
      const built = join(this.directory, 'dist', name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(built), { recursive: true });
      await writeFile(built, outputText);
    }
    await execa(process.execPath, ['script/finish-build.mjs'], { cwd: this.directory, all: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private async change({ file, from, to }: SourceChange): Promise<void> {
    const path = join(this.directory, file);
    const text = await readFile(path, 'utf8');
    const found = text.split(from).length - 1;
    if (found !== 1) throw new Error(`${file} has this ${found} times and not once, so it was not changed:\n${from}`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
  }
}
