/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** 12,345. */
export function numberText(value: number): string {
  return value.toLocaleString('en');
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** Median, and in brackets the smallest and the largest. */
export function spreadText(values: readonly number[]): string {
  if (values.length === 0) return '';
  return `${secondsText(median(values))} (${secondsText(Math.min(...values))} to ${secondsText(Math.max(...values))})`;
}
