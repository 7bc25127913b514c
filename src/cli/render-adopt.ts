import { keptForEver } from '../router/nginx-scripts.js';
import { snippetsDirectory, type AdoptPlan } from '../preflight/adopt.js';
import type { Settings } from '../model/settings.js';
import { pc } from './colours.js';
import { lineDiff } from './line-diff.js';

/** What an adopt is going to do, as a person is shown it. */
export interface ShownAdoption {
  readonly plan: AdoptPlan;
  readonly settings: Settings;
  readonly paths: readonly string[];
  /** `pointsman.yml` as it is, and as it will be. */
  readonly file: { readonly name: string; readonly before: string; readonly after: string };
}

/** The plan in words, and the difference of every file that it writes. */
export function adoptText({ plan, settings, paths, file }: ShownAdoption, redact: (text: string) => string): string {
  const { live, other, takeover, theirs, config, resets } = plan;
  const { router, slots } = settings;
  const path = `${router.configDirectory}/default.conf`;
  const beside = other
    ? `${slots[other.slot]} holds ${other.image} (${other.release})`
    : 'the other slot tells nothing';
  return [
    pc.bold(`adopt · ${settings.project}/${settings.environment}`),
    `live      ${live.slot} (${live.release}), in ${slots[live.slot]}, of ${live.image}; it stays as it is`,
    `beside    ${beside}; whether it was ever live is not known, so a rollback does not go back to it by itself`,
    ...keptLines(plan),
    `kept      your ${path} as ${keptForEver}, for ever`,
    ...takeover.moved.map((name) => `kept      your ${name} as ${name}.before-pointsman, for ever`),
    `asked     ${paths.join(' ')}: the answers have to be the same before and after, or all is put back`,
    ...(resets ? [`note      ${resetsText}`] : []),
    '',
    ...diffLines(path, theirs, redact(config)).map(redact),
    ...takeover.snippets.flatMap(({ path: name, text }) =>
      diffLines(`${snippetsDirectory(settings)}/${name}`, '', text).map(redact),
    ),
    ...(file.before === file.after ? [] : diffLines(file.name, file.before, file.after)),
  ].join('\n');
}

const resetsText =
  'your config has no keepalive_min_timeout, so nginx closes idle kept connections at the reload, as at each of your own';

function keptLines({ takeover: { kept } }: AdoptPlan): string[] {
  return kept.map(({ told, to }) => `keeps     ${told} → ${to}`);
}

function diffLines(name: string, before: string, after: string): string[] {
  return [pc.bold(`── ${name}`), ...lineDiff(before, after)].map((line) =>
    line.startsWith('- ') ? pc.red(line) : line.startsWith('+ ') ? pc.green(line) : line,
  );
}

/** What a person has to do first. */
export function byHandText(reasons: readonly string[]): string {
  return [
    'Nothing was touched. This has to be done by hand first:',
    ...reasons.map((reason) => `${pc.red('✘')} ${reason}`),
  ].join('\n');
}
