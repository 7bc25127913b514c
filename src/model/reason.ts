/** What a caught error says, in one text; anybody may throw anything. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
