import type { Rehearsal } from './database.js';
import { previewHeader } from './rollout.js';
import { durationText } from './duration-text.js';
import { windowsOf } from './judging.js';
import { imageOf } from './names.js';
import { routersOf } from './routers.js';
import {
  sqliteSettings,
  type ApprovalSettings,
  type BakeSettings,
  type CanarySettings,
  type HoldSettings,
  type JudgingSettings,
  type Settings,
} from './settings.js';
import { liveText, otherSlot, type Live, type Slot } from './slot.js';

/** Where a release goes: computed from what is live, shown, and then carried out. */
export interface SwitchPlan {
  /** What the router serves before; `null` on a first deploy. */
  readonly from: Live | null;
  readonly slot: Slot;
  readonly release: string;
  readonly image: string;
}

/** The idle slot gets the new release; where nothing is live, blue does. */
export function planDeploy(settings: Settings, release: string, live: Live | null): SwitchPlan {
  return { from: live, slot: live ? otherSlot(live.slot) : 'blue', release, image: imageOf(settings, release) };
}

/** What a plan depends on, besides the settings. */
export interface Planned {
  /** What the router serves; `null`: nothing yet. */
  readonly live: Live | null;
  /** Whoever asks approves it already. */
  readonly approved?: boolean | undefined;
}

/** How a release gets its users: what a deploy goes by, and what {@link plannedSteps} puts into words. */
export interface Rollout {
  /** Absent: writes go through while the release is started. `onlyIfMigrated`: the rehearsal decides. */
  readonly hold: (HoldSettings & { readonly onlyIfMigrated: boolean }) | null;
  /** Whether the router notes what each slot answers. */
  readonly watch: boolean;
  readonly approval: (ApprovalSettings & { readonly inAdvance: boolean }) | null;
  readonly canary: (CanarySettings & { readonly limits: JudgingSettings }) | null;
  readonly bake: (BakeSettings & { readonly limits: JudgingSettings }) | null;
}

/**
 * A first deploy has nobody whose requests it could share, nothing to compare with, and nobody who writes: no canary and
 * what comes after it, no watch and no hold.
 */
export function planRollout(settings: Settings, { live, approved = false }: Planned): Rollout {
  const { database, judging: limits, canary, bake, approval } = settings;
  const hold = database?.holdWrites;
  const rehearsed = sqliteSettings(settings)?.migrate !== undefined;
  const asked = approval && (live || approval.when === 'before-switch');
  return {
    // What would be restored only if it was migrated needs no hold where nothing migrates.
    hold: hold && live ? { ...hold, onlyIfMigrated: rehearsed && database?.restore === 'if-migrated' } : null,
    watch: limits !== undefined && live !== null,
    approval: asked ? { ...approval, inAdvance: approved } : null,
    canary: canary && limits && live ? { ...canary, limits } : null,
    bake: bake && limits ? { ...bake, limits } : null,
  };
}

/** Whether a deploy ends at its rehearsal: writes would be held for less than the real migration is expected to take. */
export function outlastsHold({ predictedMs }: Pick<Rehearsal, 'predictedMs'>, hold: HoldSettings | undefined): boolean {
  return hold !== undefined && predictedMs > hold.timeoutMs;
}

/** One line of what a deploy will do. */
export interface PlannedStep {
  /** As the step is called in the Temporal UI; a step may come more than once. */
  readonly name: string;
  /** In words, with its bounds. */
  readonly what: string;
  /** What has to be found first; absent: it is taken in any case. It is part of `what`, too. */
  readonly onlyIf?: string;
}

/**
 * Everything that a deploy will do where all goes well, in order, and nothing that it will not: made of the same
 * {@link Rollout} that the workflow goes by.
 */
export function plannedSteps(settings: Settings, planned: Planned): PlannedStep[] {
  const { live } = planned;
  const rollout = planRollout(settings, planned);
  const service = settings.slots[live ? otherSlot(live.slot) : 'blue'];
  const routers = routersOf(settings).map(({ router }) => router.service);
  const view: View = { settings, live, rollout, service, routers };
  return [
    ...preparation(view),
    ...start(view),
    ...preview(view),
    ...canarySteps(view),
    ...switchSteps(view),
    ...bakeSteps(view),
    ...ending(view),
  ];
}

interface View {
  readonly settings: Settings;
  readonly live: Live | null;
  readonly rollout: Rollout;
  /** Compose service of the slot that gets the release. */
  readonly service: string;
  /** Compose services of the routers, the primary first. */
  readonly routers: readonly string[];
}

function preparation({ settings, live, service, routers }: View): PlannedStep[] {
  const migrate = sqliteSettings(settings)?.migrate;
  return [
    step('preflight', 'check everything before anything is touched'),
    step('fetchImages', `make sure that the image for ${service} is on the host`),
    step('bootstrapRouter', bootstrapText(routers, live)),
    ...(migrate ? [step('rehearseMigration', `run ${migrate.command.join(' ')} on a copy of the database`)] : []),
  ];
}

function bootstrapText(routers: readonly string[], live: Live | null): string {
  if (routers.length === 1) return `make sure that the router has a valid config; it serves ${liveText(live)}`;
  const valid = `make sure that ${routers.join(' and ')} have a valid config`;
  return `${valid} and serve the same; ${routers[0]} serves ${liveText(live)}`;
}

function start({ settings, live, rollout, service }: View): PlannedStep[] {
  const { database, health } = settings;
  const { hold } = rollout;
  const until = rollout.canary ? 'the canary begins' : 'the switch is proven';
  return [
    ...(hold
      ? [
          ifMigrated(
            hold,
            'holdWrites',
            `answer writes with 503 until ${until}, at most ${durationText(hold.timeoutMs)}`,
          ),
        ]
      : []),
    ...(database
      ? [step('backupDatabase', `back up ${database.kind === 'postgres' ? database.name : database.path}`)]
      : []),
    ...(rollout.watch && live
      ? [step('watchLive', `note what ${live.slot} answers, to compare the release with it`)]
      : []),
    step('composeUpWait', `start ${service} and wait for its health, at most ${durationText(health.timeoutMs)}`),
    step('probeSlot', `ask ${service} itself on ${health.path}`),
  ];
}

function preview(view: View): PlannedStep[] {
  const { live, rollout, service } = view;
  const { approval } = rollout;
  if (approval?.when !== 'before-switch') return [];
  if (approval.inAdvance || !live) return [approvalStep(rollout)];
  const what = `let only requests with the header ${previewHeader} through to ${service}`;
  return [...loaded(view, what, 'that they get it'), approvalStep(rollout)];
}

function canarySteps(view: View): PlannedStep[] {
  const { live, rollout, service } = view;
  const { canary, hold, approval } = rollout;
  if (!canary) return [];
  const stages = canary.stages.flatMap((weight) => [
    ...loaded(
      view,
      `give ${weight} % of the requests to ${service}, the rest to ${liveText(live)}`,
      'that it gets them',
    ),
    step('judgeTraffic', `${judgingText(canary.pauseMs, canary.limits)}; it is compared with ${liveText(live)}`),
  ]);
  return [
    ...(hold ? [ifMigrated(hold, 'releaseWrites', 'let writes through again: users get the release')] : []),
    ...stages,
    ...(approval?.when === 'after-canary' ? [approvalStep(rollout)] : []),
  ];
}

function switchSteps(view: View): PlannedStep[] {
  const {
    rollout: { hold, canary },
    service,
  } = view;
  return [
    ...loaded(view, `give all requests to ${service}`, 'that it serves them'),
    ...(hold && !canary ? [ifMigrated(hold, 'releaseWrites', 'let writes through again')] : []),
  ];
}

function bakeSteps({ live, rollout: { bake } }: View): PlannedStep[] {
  if (!bake) return [];
  const beside = live ? `; ${liveText(live)} stays up meanwhile, to go back to` : '';
  return [step('judgeTraffic', `${judgingText(bake.durationMs, bake.limits)}${beside}`)];
}

function ending({ settings, live, rollout }: View): PlannedStep[] {
  const { database, drain, slots } = settings;
  const kept = database ? `keep the last ${database.keepBackups} backups, remove old images` : 'remove old images';
  return [
    ...(live ? [step('drainSlot', `let requests in flight end, at most ${durationText(drain.timeoutMs)}`)] : []),
    step('cleanUp', live ? `meanwhile, ${kept}` : kept),
    ...(live ? [step('stopSlots', `stop ${slots[live.slot]} (${live.release ?? 'release unknown'})`)] : []),
    ...(rollout.watch ? [step('endWatch', 'end the notes of what each slot answers')] : []),
    step('recordRelease', "write it into the host's record"),
  ];
}

function approvalStep({ approval, hold, canary }: Rollout): PlannedStep {
  if (!approval || approval.inAdvance) return step('approval', 'nobody is waited for: it is approved already');
  const bound = `at most ${durationText(approval.timeoutMs)}, then ${approval.otherwise}`;
  const whileHeld = hold && !(canary && approval.when === 'after-canary');
  const held = whileHeld
    ? `; where writes are held, they still are, and it is aborted after ${durationText(hold.timeoutMs)} in all`
    : '';
  return step('approval', `wait for "pointsman approve" or "pointsman abort --reason …", ${bound}${held}`);
}

function judgingText(durationMs: number, limits: JudgingSettings): string {
  const { count, windowMs } = windowsOf(durationMs, limits);
  const { failures, maxErrorPercent, maxLatencyFactor } = limits;
  const slow = maxLatencyFactor === null ? '' : `, or a p95 above ${maxLatencyFactor} × that of the release before`;
  return (
    `judge it for ${durationText(durationMs)}, in ${count} × ${durationText(windowMs)}; ` +
    `${failures} bad in a row undo everything (ill, more than ${maxErrorPercent} % 5xx${slow})`
  );
}

function loaded({ routers }: View, what: string, proof: string): PlannedStep[] {
  const alone = routers.length === 1;
  return [
    step(
      'writeRouterConfig',
      `write ${alone ? "the router's config" : `the configs of ${routers.join(' and ')}`}: ${what}`,
    ),
    step(
      'reloadRouter',
      alone ? `reload it, and prove ${proof}` : `reload them at once, and prove through each ${proof}`,
    ),
  ];
}

function ifMigrated({ onlyIfMigrated }: { readonly onlyIfMigrated: boolean }, name: string, what: string): PlannedStep {
  const onlyIf = 'the rehearsal finds that the database is migrated';
  return onlyIfMigrated ? { name, what: `${what}; only if ${onlyIf}`, onlyIf } : { name, what };
}

function step(name: string, what: string): PlannedStep {
  return { name, what };
}
