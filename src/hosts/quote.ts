/** An argv as one line for a POSIX shell: what a person would type, and what a remote shell is given. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

/** One word, such that a shell takes it as it is. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
