/** Hours, minutes, seconds and milliseconds, in that order, each at most once. */
export const durationPattern = /^(?=\d)(\d{1,6}h)?(\d{1,6}m(?!s))?(\d{1,6}s)?(\d{1,9}ms)?$/;

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Milliseconds of a text that {@link durationPattern} matches: `1h30m`, `2m`, `30s`, `500ms`. */
export function parseDuration(text: string): number {
  const parts = text.matchAll(/(\d+)(ms|h|m|s)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units], 0);
}

/** The shortest way to write a number of milliseconds: `90000` is `1m30s`. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, size] of Object.entries(units)) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text || '0s';
}
