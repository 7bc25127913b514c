import { ageText, comparisonText, type DrillRecord, type DrillReport } from '../model/drill.js';
import { seconds } from '../model/step-words.js';
import { pc } from './colours.js';

/** The report of a drill that passed: the verdict first, then what it rests on. */
export function drillText(report: DrillReport): string {
  const { restored, inspected, probed, totalMs } = report;
  const rows = Object.entries(inspected.rows).map(([table, count]) => `  ${table.padEnd(24)} ${count} rows`);
  const health = probed
    ? `${probed.release ?? probed.image} is healthy on it after ${seconds(probed.healthyAfterMs)}${probed.answer ? `: ${probed.answer}` : ''}`
    : pc.yellow('nothing is live, so it was not tried with the app');
  const parts = [
    ['restore', restored.tookMs],
    ['check', inspected.tookMs],
    ['app', probed?.healthyAfterMs ?? 0],
  ] as const;
  const times = parts.map(([name, ms]) => `${name} ${seconds(ms)}`).join(', ');
  return [
    `${pc.green('The replica can be restored.')} ${sentence(ageText(restored.age))}`,
    `integrity: SQLite's whole check found nothing; ${(inspected.bytes / 1_000_000).toFixed(2)} MB`,
    ...rows,
    `compared:  ${comparisonText(inspected.live)}`,
    `health:    ${health}`,
    `time:      ${seconds(totalMs)} (${times}); after a disaster it would take about as long`,
  ].join('\n');
}

/** The last drill in one line, for `pointsman status`. */
export function lastDrillLine(last: DrillRecord | undefined, now: number): string {
  if (!last) return 'last drill: none yet (pointsman drill)';
  const outcome = last.outcome === 'passed' ? pc.green('passed') : pc.red(last.outcome.toUpperCase());
  return `last drill: ${ago(now - Date.parse(last.endedAt))} ago, ${outcome}: ${last.message}`;
}

function ago(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
