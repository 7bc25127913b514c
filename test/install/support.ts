import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StepReport } from '../../src/install/carry-out.js';
import type { Listener, Load } from '../../src/install/install.js';
import type { Finding } from '../../src/model/finding.js';

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** As script/setup keeps it, which test servers are not asked to download. */
function temporalCli(): string {
  const cache = join(process.env['POINTSMAN_CACHE'] ?? join(homedir(), '.cache/pointsman'), 'bin');
  const cached = existsSync(cache) ? readdirSync(cache).find((name) => /^temporal-\d/.test(name)) : undefined;
  const path = process.env['POINTSMAN_TEMPORAL_CLI'] ?? (cached && join(cache, cached));
  if (!path) throw new Error('no Temporal CLI was found: script/setup temporal');
  return path;
}

/** This very build, as it is brought to a server. */
export function thisLoad(): Load {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  if (!existsSync(join(packageRoot, 'dist/cli/main.js'))) throw new Error('not built: script/setup node');
  return { packageRoot, version, temporal: { path: temporalCli(), demanded: false } };
}

export interface Recorder {
  readonly listener: Listener;
  readonly steps: StepReport[];
  readonly warnings: Finding[];
  readonly notes: string[];
  /** Titles of what was carried out. */
  readonly done: () => string[];
}

/** Keeps what a person would be told. */
export function recorder(onNote?: (text: string) => Promise<void>): Recorder {
  const steps: StepReport[] = [];
  const warnings: Finding[] = [];
  const notes: string[] = [];
  const listener: Listener = {
    plan: () => undefined,
    step: (step) => void steps.push(step),
    warning: (finding) => void warnings.push(finding),
    note: (text) => {
      notes.push(text);
      if (text.startsWith('waiting for')) void onNote?.(text);
    },
  };
  const done = (): string[] => steps.filter(({ state }) => state === 'done').map(({ title }) => title);
  return { listener, steps, warnings, notes, done };
}
