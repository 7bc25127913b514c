import type { JudgedWindow, TrafficStats } from './rollout.js';
import type { JudgingSettings } from './settings.js';

/** A difference below this is noise, whatever its factor. */
const noiseMs = 50;

/** Each window is some events in Temporal's history, which has room for about fifty thousand. */
const mostWindows = 300;

/** A time that is judged, cut into windows of the same length. */
export interface Windows {
  readonly count: number;
  readonly windowMs: number;
}

/** Windows that fill `durationMs`, each as long as configured or a little longer; a very long time has longer ones. */
export function windowsOf(durationMs: number, { windowMs }: Pick<JudgingSettings, 'windowMs'>): Windows {
  const count = Math.min(mostWindows, Math.max(1, Math.floor(durationMs / windowMs)));
  return { count, windowMs: Math.round(durationMs / count) };
}

/**
 * Why a window is bad, in numbers (`5xx 3.1 % > 1 %`); `null` when it is not.
 *
 * @param baseline what the old release did; where it has too few requests, only the absolute limit counts.
 */
export function verdict(
  { release, unhealthy }: Pick<JudgedWindow, 'release' | 'unhealthy'>,
  baseline: TrafficStats | null,
  limits: JudgingSettings,
): string | null {
  if (unhealthy !== null) return unhealthy;
  if (release.requests < limits.minRequests) return null;
  const old = baseline && baseline.requests >= limits.minRequests ? baseline : null;
  return errorsVerdict(release, old, limits) ?? latencyVerdict(release, old, limits);
}

function errorsVerdict(release: TrafficStats, old: TrafficStats | null, { maxErrorPercent }: JudgingSettings) {
  const share = errorPercent(release);
  const before = old ? errorPercent(old) : 0;
  if (share <= maxErrorPercent || share <= before) return null;
  const worse = before > maxErrorPercent;
  const [now, limit] = apart(share, worse ? before : maxErrorPercent);
  return `5xx ${now} > ${limit}${worse ? ' of the release before' : ''}`;
}

function latencyVerdict({ p95Ms }: TrafficStats, old: TrafficStats | null, { maxLatencyFactor }: JudgingSettings) {
  if (maxLatencyFactor === null || p95Ms === null || old === null || old.p95Ms === null) return null;
  if (p95Ms <= old.p95Ms * maxLatencyFactor || p95Ms <= old.p95Ms + noiseMs) return null;
  return `p95 ${Math.round(p95Ms)} ms > ${maxLatencyFactor} × ${Math.round(old.p95Ms)} ms of the release before`;
}

function errorPercent({ requests, errors }: TrafficStats): number {
  return requests === 0 ? 0 : (100 * errors) / requests;
}

/** Two shares that differ, with as few decimals as show it. */
function apart(one: number, other: number): [string, string] {
  for (let decimals = 1; ; decimals += 1) {
    const texts = [one, other].map((share) => `${Number(share.toFixed(decimals))} %`) as [string, string];
    if (texts[0] !== texts[1] || decimals > 5) return texts;
  }
}
