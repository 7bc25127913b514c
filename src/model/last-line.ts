/** The last line of what a program has printed, where it mostly says why it failed; empty where it printed nothing. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
