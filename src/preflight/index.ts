import { brokeOff } from '../hosts/broken-off.js';
import { CommandError } from '../hosts/command-error.js';
import type { Host } from '../hosts/host.js';
import type { Finding } from '../model/finding.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { error, type Check } from './check.js';
import { databaseVolume } from './checks/database.js';
import { disk, liveSlotRuns } from './checks/host.js';
import { images } from './checks/images.js';
import { postgresServer } from './checks/postgres.js';
import { replicaTarget, requiredVariables } from './checks/replica.js';
import { routerHealth, routerService } from './checks/router.js';
import { onlyOneSlotRuns, slotServices } from './checks/slots.js';
import { checkEngine } from './engine.js';
import { gatherWorld, type Question, type World } from './world.js';

/** Every check, in the order in which its findings are shown. */
export const checks: readonly Check[] = [
  slotServices,
  routerService,
  routerHealth,
  databaseVolume,
  postgresServer,
  images,
  requiredVariables,
  replicaTarget,
  disk,
  liveSlotRuns,
  onlyOneSlotRuns,
];

/** Checks that a rollback has no use for: its image was live before, and it takes no backup. */
const deployOnly: readonly Check[] = [postgresServer, images, disk];

export interface Preflight {
  readonly findings: readonly Finding[];
  readonly live: Live | null;
}

/** Looks at everything before anything is touched, and returns all that is wrong at once. */
export async function runPreflight(host: Host, settings: Settings, question: Question): Promise<Preflight> {
  const engine = await checkEngine(host);
  if (engine.length > 0) return { findings: engine.map((said) => ({ ...said, check: 'engine' })), live: null };
  let world: World;
  try {
    world = await gatherWorld(host, settings, question);
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const said = error(`Compose refuses the project: ${lastLine(cause)}`, 'Mend the compose file or its variables.');
    return { findings: [{ ...said, check: 'compose' }], live: null };
  }
  const wanted = checks.filter((check) => question.kind === 'deploy' || !deployOnly.includes(check));
  const findings = await Promise.all(wanted.map((check) => findingsOf(check, world)));
  return { findings: findings.flat(), live: world.live };
}

/** A check that fails itself is a finding too: silence would look like a pass. */
async function findingsOf(check: Check, world: World): Promise<Finding[]> {
  try {
    return (await check.run(world)).map((said) => ({ ...said, check: check.name }));
  } catch (cause) {
    if (brokeOff(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
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
