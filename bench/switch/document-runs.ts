import { daysText, document, documentPicture } from './document.js';
import { picture } from './picture.js';
import { report } from './report.js';
import type { RunResult } from './run.js';
import { scenarioOf } from './scenarios.js';

/** Tables of all runs and, of each kind of run, a picture of the one that took the median time. */
export async function documentRuns(results: readonly RunResult[]): Promise<void> {
  const apart = ['endless', 'failed-held', 'switched-back'];
  const others = results.filter(({ scenario }) => !apart.includes(scenario));
  if (others.length > 0) await documentPart('traffic', others);
  for (const name of apart) {
    const own = results.filter(({ scenario }) => scenario === name);
    if (own.length > 0) await documentPart(name, own);
  }
}

async function documentPart(name: string, results: readonly RunResult[]): Promise<void> {
  const pictures: string[] = [];
  for (const scenario of [...new Set(results.map((result) => result.scenario))]) {
    const run = typical(results.filter((result) => result.scenario === scenario));
    if (!run) continue;
    const title = `One of the ${scenarioOf(scenario).title.replaceAll('`', '')}, under every kind of client`;
    await documentPicture(`traffic-${scenario}`, picture({ ...run, title }));
    pictures.push(`![${title}](images/traffic-${scenario}.svg)`);
  }
  const when = `${daysText(results.map(({ startedAt }) => startedAt))}, ${results[0]?.machine ?? 'nowhere'}.`;
  await document(name, [when, report(results), ...pictures].join('\n\n'));
}

function typical(results: readonly RunResult[]): RunResult | undefined {
  return [...results].sort((a, b) => a.tookMs - b.tookMs)[Math.floor((results.length - 1) / 2)];
}
