import { whyEngineIsAway } from '../docker/engine-away.js';
import { EngineWatch } from '../docker/engine-watch.js';
import { brokeOff } from '../hosts/broken-off.js';
import { CommandError } from '../hosts/command-error.js';
import type { Host } from '../hosts/host.js';
import type { Finding } from '../model/finding.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { error, type Check, type Said } from './check.js';
import { adoptedKeys } from './checks/adopted-keys.js';
import { brokenGlass } from './checks/break-glass.js';
import { databaseFile, databaseVolume } from './checks/database.js';
import { foreignConfig } from './checks/foreign-config.js';
import { comesBack, disk, liveSlotRuns } from './checks/host.js';
import { images } from './checks/images.js';
import { migrations } from './checks/migrations.js';
import { replicaAnswers } from './checks/replica-answers.js';
import { replicaConfig } from './checks/replica-config.js';
import { replicaService } from './checks/replica-service.js';
import { postgresServer } from './checks/postgres.js';
import { replicaTarget, requiredVariables } from './checks/replica.js';
import { routerHealth, routerService } from './checks/router.js';
import { routerCanary, routerSnippets } from './checks/router-stages.js';
import { ofEachRouter, otherRouters } from './checks/routers.js';
import { onlyOneSlotRuns, slotServices, whichSlotIsLive } from './checks/slots.js';
import { stateFiles } from './checks/state-files.js';
import { checkEngine } from './engine.js';
import { gatherWorld, type Question, type World } from './world.js';
import { reasonOf } from '../model/reason.js';

const canaryInEach = ofEachRouter(routerCanary);

/** Every check, in the order in which its findings are shown. */
export const checks: readonly Check[] = [
  slotServices,
  ofEachRouter(routerService),
  ofEachRouter(foreignConfig),
  ofEachRouter(routerHealth),
  canaryInEach,
  ofEachRouter(routerSnippets),
  otherRouters,
  databaseVolume,
  databaseFile,
  migrations,
  postgresServer,
  images,
  requiredVariables,
  replicaTarget,
  replicaService,
  replicaConfig,
  replicaAnswers,
  disk,
  comesBack,
  liveSlotRuns,
  onlyOneSlotRuns,
  whichSlotIsLive,
  adoptedKeys,
  brokenGlass,
  stateFiles,
];

/**
 * Checks that a rollback has no use for: its image was live before, it has no canary, it takes no backup and migrates nothing,
 * and it must not wait for storage elsewhere.
 */
const deployOnly: readonly Check[] = [
  canaryInEach,
  databaseFile,
  postgresServer,
  migrations,
  images,
  replicaAnswers,
  disk,
];

export interface Preflight {
  readonly findings: readonly Finding[];
  readonly live: Live | null;
}

/** Looks at everything before anything is touched, and returns all that is wrong at once. */
export async function runPreflight(host: Host, settings: Settings, question: Question): Promise<Preflight> {
  // Mostly all is well with the engine, and then it need not be waited for.
  const [engine, early] = await Promise.all([checkEngine(host), judge(host, settings, question).catch(() => null)]);
  if (engine.length > 0) return { findings: engine.map((said) => ({ ...said, check: 'engine' })), live: null };
  return early ?? judge(host, settings, question);
}

async function judge(host: Host, settings: Settings, question: Question): Promise<Preflight> {
  const { watch: opened, ...looked } = await look(host, settings, question);
  await using watch = opened;
  if ('refused' in looked) return { findings: [{ ...looked.refused, check: 'compose' }], live: null };
  const { world } = looked;
  const { kind, only } = question;
  const wanted = checks.filter(
    (check) => (kind === 'deploy' || !deployOnly.includes(check)) && (only?.includes(check.name) ?? true),
  );
  const findings = await Promise.all(wanted.map((check) => findingsOf(check, world)));
  // What was asked of an engine that crashed, and of containers that it took along, was not found wrong.
  await watch.throwIfWentAway('the checks were made');
  return { findings: findings.flat(), live: world.live };
}

type Looked = { readonly watch: EngineWatch } & ({ readonly world: World } | { readonly refused: Said });

/** The world, and whether the engine went away since it was looked at; or why Compose does not tell. */
async function look(host: Host, settings: Settings, question: Question): Promise<Looked> {
  const watch = await EngineWatch.open(host.docker);
  try {
    return { watch, world: await gatherWorld(host, settings, question) };
  } catch (cause) {
    if (cause instanceof CommandError) return { watch, refused: refusalOf(cause) };
    await watch[Symbol.asyncDispose]();
    throw cause;
  }
}

function refusalOf(cause: CommandError): Said {
  return error(`Compose refuses the project: ${lastLine(cause)}`, 'Mend the compose file or its variables.');
}

/** A check that fails itself is a finding too: silence would look like a pass. */
async function findingsOf(check: Check, world: World): Promise<Finding[]> {
  try {
    return (await check.run(world)).map((said) => ({ ...said, check: check.name }));
  } catch (cause) {
    if (brokeOff(cause) || whyEngineIsAway(cause) !== null) throw cause;
    const reason = reasonOf(cause);
    return [
      {
        ...error(`This could not be checked: ${reason}.`, 'Mend what the message says and try again.'),
        check: check.name,
      },
    ];
  }
}

function lastLine({ result }: CommandError): string {
  return result.stderr.trim().split('\n').at(-1) ?? '';
}
