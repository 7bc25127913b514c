/** A command that a test has run, or is running: what a person needs who sees the test fail. */
interface Entry {
  readonly command: string;
  readonly output: readonly string[];
  exit: string;
}

/** A child process as execa starts it. */
interface Started {
  readonly all: NodeJS.ReadableStream;
  once(event: 'exit', listener: (code: number | null, signal: string | null) => void): unknown;
}

const entries: Entry[] = [];
const lastCharacters = 4_000;

/** Notes a command that is being started, and what it prints; shown only if the test fails. */
export function noteCommand(command: string, child: Started): void {
  const output: string[] = [];
  const entry: Entry = { command, output, exit: 'still running' };
  entries.push(entry);
  child.all.on('data', (chunk: Buffer | string) => output.push(String(chunk)));
  child.once('exit', (code, signal) => (entry.exit = signal ?? `exit ${code ?? '?'}`));
}

/** All that was run since the test began, as a person would read it in a terminal. */
export function transcript(): string {
  return entries
    .map(({ command, output, exit }) => `$ ${command}\n${output.join('').slice(-lastCharacters)}(${exit})`)
    .join('\n');
}

/** What comes from now on is another test's. */
export function newTranscript(): void {
  entries.length = 0;
}
