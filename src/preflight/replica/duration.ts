const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of a duration as Go and Compose write it (`35s`, `1m10s`); `null` for anything else. */
export function durationSeconds(written: unknown): number | null {
  if (typeof written !== 'string' || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(written)) return null;
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (seconds[unit ?? ''] ?? 0), 0);
}
