import type { Host } from '../hosts/host.js';
import type { Activities, PreflightArgs, PreflightReport } from '../model/activities.js';
import { runPreflight } from '../preflight/index.js';
import type { Dependencies } from './dependencies.js';
import { preflightFailed } from './failures.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

/** Looks before anything is touched; all findings arrive at once. */
export function preflightStep(dependencies: Dependencies): Pick<Activities, 'preflight'> {
  const step = stepsOn(dependencies);
  return { preflight: step(preflight) };
}

async function preflight(
  host: Host,
  { settings, release, kind }: PreflightArgs,
  { runId }: Running,
): Promise<PreflightReport> {
  const { findings, live } = await runPreflight(host, settings, { release, kind, call: runId });
  if (findings.every(({ severity }) => severity === 'warning')) return { warnings: findings, live };
  throw preflightFailed(findings);
}
