import { error, warning, type Check, type Said } from '../check.js';
import { databaseInReplica, litestreamConfig, type LitestreamConfig } from '../replica/config.js';
import { configProblems } from '../replica/config-rules.js';
import { variablesOf } from '../../docker/service-copy.js';
import { namesIn } from '../replica/config-file.js';
import { durationSeconds } from '../replica/duration.js';
import { litestreamVersion, type Line } from '../replica/version.js';
import { serviceOf, type World } from '../world.js';

/** How long 0.5 tries its last sync when it is stopped while the storage does not answer. */
const usualLastSync = 30;

export const replicaConfig: Check = {
  name: 'replica-config',
  looksAt: "Litestream's version is one that pointsman knows, and its config does with it what it says",
  run: async (world) => {
    const { replica } = world.settings;
    if (!replica || !serviceOf(world, replica.service)) return [];
    const version = await litestreamVersion(world);
    if (!version) return [];
    if (!version.line) {
      return [
        error(
          `${replica.service} runs Litestream ${version.text}, which pointsman does not know.`,
          'Use 0.5, or 0.3.13 or later.',
        ),
      ];
    }
    const config = await litestreamConfig(world);
    const known = { text: version.text, line: version.line };
    return [...(config ? judge(world, config, known) : []), ...graceProblems(world, config, version.line)];
  },
};

function judge(world: World, { file, says }: LitestreamConfig, version: { text: string; line: Line }): Said[] {
  if (!says) return [error(`${file.path} is no YAML once its variables are filled in.`, 'Mend it.')];
  const database = databaseInReplica(world);
  const judged = database === null ? [] : configProblems({ config: says, file: file.path, version, database });
  return [...judged, ...(file.expands ? expansionProblems(world, file.text) : [])];
}

/** Litestream fills in values by a rule that has no escape: what follows a `$` in one is taken for a variable. */
function expansionProblems(world: World, text: string): Said[] {
  const service = serviceOf(world, world.settings.replica?.service ?? '');
  const environment = variablesOf(service ?? {});
  return namesIn(text)
    .filter((name) => environment.get(name)?.includes('$'))
    .map((name) =>
      error(
        `The value of ${name} has a $, which Litestream mangles when it fills in its config.`,
        'Leave key and secret out of the config and give them as LITESTREAM_ACCESS_KEY_ID and LITESTREAM_SECRET_ACCESS_KEY.',
      ),
    );
}

function graceProblems(world: World, config: LitestreamConfig | null, line: Line): Said[] {
  // 0.3 gives up at once.
  if (line === '0.3') return [];
  const name = world.settings.replica?.service ?? '';
  const set = durationSeconds(config?.says?.['shutdown-sync-timeout']);
  const needed = set === null ? usualLastSync + 5 : set + 2;
  const given = durationSeconds(serviceOf(world, name)?.stop_grace_period) ?? 10;
  if (given >= needed) return [];
  return [
    warning(
      `${name} is killed ${given} s after it is asked to stop, and its last sync may take longer.`,
      `Set "stop_grace_period: ${Math.ceil(needed)}s" on the service.`,
    ),
  ];
}
