import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/** What a whole run came to; `script/test` reads it from the file that POINTSMAN_TEST_REPORT names. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Seconds of every file that ran, the longest first. */
  readonly files: readonly FileTime[];
}

export interface FileTime {
  readonly file: string;
  readonly project: string;
  readonly seconds: number;
  readonly tests: number;
}

/** Something that failed: one test, or a file that could not be run or left something behind. */
export interface Failure {
  readonly file: string;
  /** `null`: the file itself. */
  readonly test: string | null;
  readonly message: string;
  /** How what was expected differs from what was seen; empty where nothing was compared. */
  readonly diff?: string;
  /** What the test ran and what that printed. */
  readonly commands?: string;
}

const slowest = 10;
/** What is told of one failure in the end is enough to begin with; all of it is further up. */
const mostLines = 12;

/** Says at the end of a run where the time went, what failed, and how to run that one test again. */
export class SummaryReporter implements Reporter {
  private readonly startedAt = new Map<string, number>();
  private readonly tookMs = new Map<string, number>();

  onTestModuleQueued(module: TestModule): void {
    this.startedAt.set(module.id, Date.now());
  }

  onTestModuleEnd(module: TestModule): void {
    this.tookMs.set(module.id, Date.now() - (this.startedAt.get(module.id) ?? Date.now()));
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const failures = [...modules.flatMap(failuresOf), ...errors.map(unhandled)];
    const files = modules.map((module) => this.timeOf(module)).sort((a, b) => b.seconds - a.seconds);
    for (const line of summaryLines(files, failures)) process.stdout.write(`${line}\n`);
    const report = process.env['POINTSMAN_TEST_REPORT'];
    if (!report) return;
    const summary = { passed: count('passed'), failed: failures.length, skipped: count('skipped'), files };
    mkdirSync(dirname(report), { recursive: true });
    writeFileSync(report, JSON.stringify(summary satisfies Summary));
  }

  private timeOf(module: TestModule): FileTime {
    return {
      file: fileOf(module),
      project: module.project.name,
      seconds: (this.tookMs.get(module.id) ?? 0) / 1000,
      tests: [...module.children.allTests()].length,
    };
  }
}

/** The lines that end a run. */
export function summaryLines(files: readonly FileTime[], failures: readonly Failure[]): string[] {
  const lines = ['', `The ${Math.min(slowest, files.length)} slowest files:`];
  for (const { seconds, file, tests } of files.slice(0, slowest)) {
    lines.push(`${seconds.toFixed(1).padStart(7)} s  ${file} (${tests} tests)`);
  }
  lines.push('', 'Per project, all files added up, though several run at a time:');
  for (const project of [...new Set(files.map((one) => one.project))].sort()) {
    const own = files.filter((one) => one.project === project);
    const seconds = own.reduce((sum, one) => sum + one.seconds, 0);
    const tests = own.reduce((sum, one) => sum + one.tests, 0);
    lines.push(`${seconds.toFixed(1).padStart(7)} s  ${project} (${own.length} files, ${tests} tests)`);
  }
  for (const { file, test, message, diff = '', commands = '' } of failures) {
    lines.push('', `FAILED: ${file}${test === null ? '' : `: ${test}`}: ${firstLine(message)}`.slice(0, 400));
    lines.push(...linesOf(diff).slice(0, mostLines), ...linesOf(commands).slice(-mostLines));
    if (file) lines.push(`  again: script/test ${file}${test === null ? '' : ` -t ${quoted(test)}`}`);
  }
  return lines;
}

function failuresOf(module: TestModule): Failure[] {
  const file = fileOf(module);
  const tests = [...module.children.allTests()].filter((test) => test.result().state === 'failed');
  const ofTests = tests.map((test) => ({ file, test: test.fullName, ...errorOf(test), ...commandsOf(test) }));
  // Of hooks that every test has done its part before, such as the look for what was left behind.
  const ofFile = module.errors().map(({ message }) => ({ file, test: null, message }));
  const suites = [...module.children.allSuites()].flatMap((suite) =>
    suite.errors().map(({ message }) => ({ file, test: suite.fullName, message })),
  );
  const all = [...ofTests, ...ofFile, ...suites];
  if (all.length === 0 && module.state() === 'failed') return [{ file, test: null, message: 'could not be run' }];
  return all;
}

function errorOf(test: TestCase): Pick<Failure, 'message' | 'diff'> {
  const { message = '', diff = '' } = test.result().errors?.[0] ?? {};
  return { message, diff: stripVTControlCharacters(diff) };
}

function commandsOf(test: TestCase): Pick<Failure, 'commands'> {
  const { commands } = test.meta() as { commands?: string };
  return commands ? { commands } : {};
}

function unhandled({ message }: SerializedError): Failure {
  return { file: '', test: null, message: `outside of any test: ${message}` };
}

function fileOf(module: TestModule): string {
  return relative(process.cwd(), module.moduleId);
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => `  | ${line}`.slice(0, 300));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

/** For a shell; `-t` takes a regular expression. */
function quoted(name: string): string {
  const expression = name.replaceAll(' > ', ' ').replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return `'${expression.replaceAll("'", "'\\''")}'`;
}
