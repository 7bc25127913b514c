/** A history as text that can be searched: payloads are bytes in it. */
export function historyText(history: object): string {
  return JSON.stringify(history, (_, value: unknown) => {
    const bytes = value as { type?: string; data?: number[] } | Uint8Array | null;
    if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString();
    return bytes?.type === 'Buffer' && bytes.data ? Buffer.from(bytes.data).toString() : value;
  });
}
