import type { Activities } from '../../src/model/activities.js';
import { stepWords } from '../../src/model/step-words.js';

export type Step = keyof Activities;

/** Processes of pointsman's own: any of them may die at any step. */
export const processes = ['worker', 'cli', 'server', 'all'] as const;

/**
 * What is away for longer than a heartbeat may take, and comes back: the worker's process stopped (SIGSTOP), or no way from it to
 * Temporal while it still reaches Docker. An attempt that was given up meanwhile goes on then.
 */
export const absences = ['pause', 'cut'] as const;

/** What else may die under a step that has to do with it. */
export const parts = ['slot', 'router', 'litestream', 'compose', 'dockerd'] as const;

export type Part = (typeof parts)[number];
export type Kill = (typeof processes)[number] | (typeof absences)[number] | Part;

/** As it is about to begin; while it runs; as soon as it is over. */
export const moments = ['before', 'middle', 'after'] as const;
export type Moment = (typeof moments)[number];

/** One kill at one moment of one step. */
export interface Strike {
  readonly step: string;
  /** Which one, where a run has the step more than once; from 1. */
  readonly nth: number;
  readonly at: Moment;
  readonly kill: Kill;
}

/** One run with one kill in it. */
export interface Cell extends Strike {
  readonly scenario: string;
}

/** Which parts each step has to do with. A new step does not compile until it is told here. */
export const touched: Readonly<Record<Step, readonly Part[]>> = {
  preflight: ['router', 'dockerd'],
  findRollbackTarget: ['router', 'dockerd'],
  fetchImages: ['dockerd'],
  bootstrapRouter: ['router', 'compose', 'dockerd'],
  rehearseMigration: ['dockerd'],
  holdWrites: ['router', 'dockerd'],
  backupDatabase: ['litestream', 'dockerd'],
  composeUpWait: ['slot', 'compose', 'dockerd'],
  probeSlot: ['slot', 'dockerd'],
  writeRouterConfig: ['slot', 'router', 'dockerd'],
  reloadRouter: ['slot', 'router', 'dockerd'],
  releaseWrites: ['slot', 'router', 'dockerd'],
  drainSlot: ['slot', 'router', 'dockerd'],
  stopSlots: ['compose', 'dockerd'],
  cleanUp: ['dockerd'],
  recordRelease: [],
  collectLogs: ['dockerd'],
  switchBack: ['router', 'dockerd'],
  restoreDatabase: ['litestream', 'dockerd'],
  proveReplica: ['litestream', 'dockerd'],
  findLive: ['router', 'dockerd'],
  findBackup: ['dockerd'],
  restoreBackup: ['litestream', 'dockerd'],
  restoreReplica: ['dockerd'],
  inspectRestored: ['dockerd'],
  probeRestored: ['dockerd'],
  removeScratch: ['dockerd'],
  recordDrill: [],
  watchLive: ['router', 'dockerd'],
  judgeTraffic: ['router', 'slot', 'dockerd'],
  endWatch: ['router', 'dockerd'],
  setMaintenance: ['router', 'dockerd'],
  findAdoptable: ['router', 'dockerd'],
  askPaths: ['router', 'slot', 'dockerd'],
  writeAdoption: ['router', 'dockerd'],
  comparePaths: ['router', 'slot', 'dockerd'],
  undoAdoption: ['router', 'dockerd'],
  noteSlots: [],
};

/** Steps that no scenario has, and why. */
export const elsewhere: Partial<Record<Step, string>> = {
  findLive: 'of a backup or restore that a person asks for',
  findBackup: 'of a restore that a person asks for',
  restoreBackup: 'of a restore that a person asks for',
  restoreReplica: 'of a drill',
  inspectRestored: 'of a drill',
  probeRestored: 'of a drill',
  removeScratch: 'of a drill',
  recordDrill: 'of a drill',
  setMaintenance: 'of a maintenance that a person asks for',
};

/** Every cell of a scenario whose run without a kill had these steps, in their order. */
export function cellsOf(scenario: string, steps: readonly string[]): Cell[] {
  return numbered(steps).flatMap(({ step, nth }) =>
    [...processes, ...absences, ...(touched[step as Step] ?? [])].flatMap((kill) =>
      momentsOf(kill).map((at) => ({ scenario, step, nth, at, kill })),
    ),
  );
}

/** Compose runs only in the middle of a step. */
function momentsOf(kill: Kill): readonly Moment[] {
  return kill === 'compose' ? ['middle'] : moments;
}

function numbered(steps: readonly string[]): { readonly step: string; readonly nth: number }[] {
  return steps.map((step, at) => ({ step, nth: steps.slice(0, at + 1).filter((name) => name === step).length }));
}

/** Steps that the scenarios together do not have, though they should: the matrix would be silent about them. */
export function missing(seen: Iterable<string>): Step[] {
  const had = new Set(seen);
  return (Object.keys(stepWords) as Step[]).filter((step) => !had.has(step) && !(step in elsewhere));
}

export interface Wanted {
  readonly step?: string | undefined;
  /** One, or several with commas between them. */
  readonly kill?: string | undefined;
  readonly at?: string | undefined;
}

/** The cells that are asked for. The engine is everybody's on this machine, so it is restarted only by name. */
export function selected(cells: readonly Cell[], { step, kill, at }: Wanted): Cell[] {
  return cells.filter(
    (cell) =>
      (kill === undefined ? cell.kill !== 'dockerd' : kill.split(',').includes(cell.kill)) &&
      (step === undefined || cell.step === step) &&
      (at === undefined || cell.at === at),
  );
}

/** How a cell is run again. */
export function commandOf({ scenario, step, at, kill }: Cell): string {
  return `npm run faults -- --scenario ${scenario} --step ${step} --kill ${kill} --at ${at}`;
}

export function nameOf({ scenario, step, nth, at, kill }: Cell): string {
  return `${scenario}: ${kill} ${at} ${step}${nth > 1 ? ` (${nth})` : ''}`;
}

/**
 * One run in which every step is struck once, by each process in turn: what can be had of the matrix in a minute. The
 * command that asked for it can die only once.
 *
 * @param first which process begins, so that two scenarios do not strike the same steps with the same ones.
 */
export function sampleOf(steps: readonly string[], first = 0): Strike[] {
  const again = ['worker', 'server', 'all'] as const;
  return numbered(steps).map(({ step, nth }, index) => ({
    ...{ step, nth, at: moments[(index + first) % moments.length] ?? 'middle' },
    kill: index === 1 ? 'cli' : (again[(index + first + Math.floor(index / 3)) % again.length] ?? 'worker'),
  }));
}
