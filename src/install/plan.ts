import { isSigned, keptSuffix } from '../hosts/own-file.js';
import type { Finding } from '../model/finding.js';
import { checkServer } from './checks.js';
import {
  authorizedKeysPath,
  directories,
  environmentPath,
  portsUnit,
  stateDirectory,
  temporalUnit,
  unitDirectory,
  unitNames,
  user,
  versionDirectory,
  workerUnit,
  wrapperPath,
  type UnitName,
} from './layout.js';
import type { LocalFacts } from './local-facts.js';
import { planNode, planTemporal, type BinaryPlan, type NoWay } from './plan-binaries.js';
import { withKeys, type PublicKey } from './public-key.js';
import { environmentText, wrapperText } from './server-files.js';
import type { ServerFacts } from './server-facts.js';
import type { UnitTexts } from './units.js';

/** One thing to do on the server. */
export type Action =
  | { readonly do: 'make-user' }
  | { readonly do: 'make-directories' }
  | { readonly do: 'unpack'; readonly directory: string; readonly units: UnitTexts }
  | { readonly do: 'binary'; readonly directory: string; readonly binary: BinaryPlan }
  | { readonly do: 'prove'; readonly directory: string; readonly version: string }
  | { readonly do: 'settle'; readonly from: string; readonly to: string }
  | {
      readonly do: 'write';
      readonly path: string;
      readonly content: string;
      readonly rights: string;
      /** Somebody else wrote what is there: it is kept beside. */
      readonly keep?: true;
    }
  | { readonly do: 'switch'; readonly version: string }
  | { readonly do: 'reload-units' }
  | { readonly do: 'enable'; readonly unit: UnitName }
  | { readonly do: 'start'; readonly unit: UnitName }
  | { readonly do: 'restart'; readonly unit: UnitName };

/** A line of the plan; without an action it is right as it is. */
export interface PlannedStep {
  readonly title: string;
  readonly action: Action | null;
}

export interface InstallPlan {
  /** What nobody notices: files beside those that run. */
  readonly prepare: readonly PlannedStep[];
  /** What puts them to work. */
  readonly switchOver: readonly PlannedStep[];
  /** All that keeps the plan from being carried out; an error refuses it. */
  readonly findings: readonly Finding[];
}

export interface InstallQuestion {
  readonly version: string;
  /** Fingerprint of the program that would be shipped. */
  readonly manifest: string;
  readonly local: LocalFacts;
  readonly units: UnitTexts;
  readonly keys: readonly PublicKey[];
  readonly start: boolean;
}

/** Decides from what was found; asks and changes nothing. */
export function planInstall(facts: ServerFacts, question: InstallQuestion): InstallPlan {
  const { version, local, keys, start } = question;
  const anew = facts.target?.manifest !== question.manifest || !facts.target.intact;
  const node = planNode({ facts, local, version, anew });
  const temporal = planTemporal({ facts, local, version, anew });
  const added = withKeys(facts.files[authorizedKeysPath]?.content ?? '', keys);
  const findings = [
    ...checkServer(facts, { start }),
    ...[node, temporal].flatMap(noWay),
    ...added.foreign.map(foreignKey),
  ];
  if ('problem' in node || 'problem' in temporal) return { prepare: [], switchOver: [], findings };
  const prepare = [
    ...accountSteps(facts),
    ...versionSteps(question, anew, [node, temporal]),
    ...serverFileSteps(facts, keys, added.content),
  ];
  const changedProgram = prepare.some(({ action }) => action !== null && concernsWorker(action));
  return { prepare, switchOver: switchSteps(facts, question, { changedProgram, temporal }), findings };
}

/** Was nothing to do? */
export function isUnchanged({ prepare, switchOver }: InstallPlan): boolean {
  return [...prepare, ...switchOver].every(({ action }) => action === null);
}

/** A key for CI or a directory's rights are nothing that the worker would have to be restarted for. */
function concernsWorker(action: Action): boolean {
  return action.do !== 'make-directories' && !(action.do === 'write' && action.path === authorizedKeysPath);
}

function noWay(plan: BinaryPlan | NoWay): Finding[] {
  return 'problem' in plan ? [{ severity: 'error', check: 'programs', message: plan.problem, fix: plan.fix }] : [];
}

function foreignKey({ type, comment }: PublicKey): Finding {
  return {
    severity: 'warning',
    check: 'keys',
    message: `The key ${comment || type} is in ${authorizedKeysPath} with rights that somebody gave it by hand.`,
    fix: 'It was left as it is; remove that line and install again to confine it.',
  };
}

function accountSteps({ user: account, directories: found }: ServerFacts): PlannedStep[] {
  const fits = account?.home === stateDirectory && account.inDockerGroup && account.shell === '/bin/sh';
  const right = directories.every(({ path, rights }) => found[path] === rights);
  return [
    { title: `user ${user}, in the group docker`, action: fits ? null : { do: 'make-user' } },
    { title: directories.map(({ path }) => path).join(', '), action: right ? null : { do: 'make-directories' } },
  ];
}

/** A version is made beside and moved into place as a whole; one that is there is mended in place. */
function versionSteps(
  { version, units }: InstallQuestion,
  anew: boolean,
  binaries: readonly BinaryPlan[],
): PlannedStep[] {
  const to = versionDirectory(version);
  const directory = anew ? `${to}.new` : to;
  const steps: PlannedStep[] = [
    { title: `pointsman ${version} in ${to}`, action: anew ? { do: 'unpack', directory, units } : null },
    ...binaries.map((binary): PlannedStep => {
      const action: Action = { do: 'binary', directory, binary };
      return { title: binary.title, action: binary.source.from === 'here' ? null : action };
    }),
  ];
  const changed = steps.some(({ action }) => action !== null);
  steps.push({ title: 'proof that it runs there', action: changed ? { do: 'prove', directory, version } : null });
  if (anew) steps.push({ title: `moved to ${to}`, action: { do: 'settle', from: directory, to } });
  return steps;
}

function serverFileSteps(facts: ServerFacts, keys: readonly PublicKey[], authorizedKeys: string): PlannedStep[] {
  const steps = [ownStep(facts, { path: wrapperPath, content: wrapperText(), rights: '755 root:root' })];
  const environment: Action = {
    do: 'write',
    path: environmentPath,
    content: environmentText(),
    rights: `640 root:${user}`,
  };
  steps.push({ title: environmentPath, action: facts.files[environmentPath] ? null : environment });
  if (keys.length === 0) return steps;
  const written = writeStep(facts, {
    path: authorizedKeysPath,
    content: authorizedKeys,
    rights: `600 ${user}:${user}`,
  });
  return [...steps, { ...written, title: `${keys.length === 1 ? 'key' : 'keys'} for CI in ${authorizedKeysPath}` }];
}

function writeStep(facts: ServerFacts, wanted: Omit<Action & { do: 'write' }, 'do'>): PlannedStep {
  const found = facts.files[wanted.path];
  const right = found?.content === wanted.content && found.rights === wanted.rights;
  return { title: wanted.path, action: right ? null : { do: 'write', ...wanted } };
}

/** Of a file that is pointsman's alone: what stands there and is not as pointsman wrote it is kept under another name. */
function ownStep(facts: ServerFacts, wanted: Omit<Action & { do: 'write' }, 'do'>): PlannedStep {
  const found = facts.files[wanted.path]?.content;
  if (found === undefined || found === wanted.content || isSigned(found)) return writeStep(facts, wanted);
  const title = `${wanted.path}; what is there is not by pointsman alone, and stays as ${wanted.path}${keptSuffix}`;
  return { ...writeStep(facts, { ...wanted, keep: true }), title };
}

function switchSteps(
  facts: ServerFacts,
  { version, units, start }: InstallQuestion,
  { changedProgram, temporal }: { changedProgram: boolean; temporal: BinaryPlan },
): PlannedStep[] {
  const switches = facts.currentVersion !== version;
  const files = unitNames.map((unit) => ({
    unit,
    step: ownStep(facts, { path: `${unitDirectory}/${unit}`, content: units[unit], rights: '644 root:root' }),
  }));
  const written = (unit: UnitName): boolean => files.some((file) => file.unit === unit && file.step.action !== null);
  const restarts = {
    // Whoever flushed the packet filter's rules took these along.
    [portsUnit]: written(portsUnit) || (facts.packetFilter && !facts.portsClosed),
    [temporalUnit]: written(temporalUnit) || temporalDiffers(facts, temporal),
    [workerUnit]: written(workerUnit) || switches || changedProgram,
  };
  const reload = files.some(({ step }) => step.action !== null) && facts.systemd;
  return [
    { title: `current is ${version}`, action: switches ? { do: 'switch', version } : null },
    ...files.map(({ step }) => step),
    ...(reload ? [{ title: 'systemd reads the units again', action: { do: 'reload-units' } } as const] : []),
    ...(facts.systemctl ? unitNames.map((unit) => enableStep(facts, unit)) : []),
    ...(start ? unitNames.map((unit) => startStep(facts, unit, restarts[unit])) : []),
  ];
}

function enableStep({ units }: ServerFacts, unit: UnitName): PlannedStep {
  return { title: `${unit} starts at boot`, action: units[unit].enabled ? null : { do: 'enable', unit } };
}

function startStep({ units }: ServerFacts, unit: UnitName, restart: boolean): PlannedStep {
  if (!units[unit].active) return { title: `${unit} started`, action: { do: 'start', unit } };
  return { title: restart ? `${unit} restarted` : `${unit} runs`, action: restart ? { do: 'restart', unit } : null };
}

/** Is the binary to come another than the one that runs now? Deploys wait while Temporal restarts. */
function temporalDiffers({ current, target }: ServerFacts, { source }: BinaryPlan): boolean {
  const running = (current ?? target)?.temporal;
  switch (source.from) {
    case 'here':
    case 'version':
      return target?.temporal ? running?.sha256 !== target.temporal.sha256 : false;
    case 'server':
      return running?.link !== source.path;
    case 'download':
    case 'this-machine':
      return true;
  }
}
