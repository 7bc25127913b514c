import { setTimeout as sleep } from 'node:timers/promises';
import type { ComposeService } from '../../docker/compose.js';
import { findContainer, isNotFound, type ContainerState } from '../../docker/container.js';
import { imageId } from '../../docker/image.js';
import { warning, type Check, type Said } from '../check.js';
import { judgeAnswer } from '../replica/answer.js';
import { ask, type Answer } from '../replica/ask.js';
import { listRequest, type Bucket, type SignedRequest } from '../replica/bucket-request.js';
import { variablesOf } from '../../docker/service-copy.js';
import { replicaSection } from '../replica/config.js';
import { bucketProblems, endpointProblems, isR2, keyProblems } from '../replica/plausible.js';
import { variableFor, type Variable } from '../replica/variables.js';
import { serviceOf, type World } from '../world.js';

/** Longer than it is between two looks of a usual health check. */
const startingMs = 30_000;

export const replicaAnswers: Check = {
  name: 'replica-answers',
  looksAt: "a signed request to the replica's bucket is answered, sent from where Litestream sends its own",
  run: async (world) => {
    const target = targetOf(world);
    const { host, settings } = world;
    // The tool image is fetched by the first deploy, after this.
    if (!target || !(await imageId(host.docker, settings.toolImage))) return [];
    const service = await ownService(world, target.endpoint);
    if (service !== 'answers') return service;
    return askBucket(world, target);
  },
};

interface Target {
  readonly endpoint: URL;
  readonly variables: Readonly<Record<'endpoint' | 'bucket' | 'keyId' | 'secret', Variable>>;
}

/** What there is to ask, and with what; `null` where that is not known, or is said to be wrong by another check. */
function targetOf(world: World): Target | null {
  const [endpoint, bucket] = [variableFor(world, 'endpoint'), variableFor(world, 'bucket')];
  const [keyId, secret] = [variableFor(world, 'keyId'), variableFor(world, 'secret')];
  if (!endpoint || !bucket || !keyId || !secret || endpointProblems(endpoint).length > 0) return null;
  const url = new URL(endpoint.value);
  const wrong = [...bucketProblems(bucket, isR2(url.hostname)), ...keyProblems(keyId), ...keyProblems(secret)];
  return wrong.length > 0 ? null : { endpoint: url, variables: { endpoint, bucket, keyId, secret } };
}

/**
 * Storage that is a service of the project itself is started by the deploy: before the first one there is nothing to ask,
 * and one that is stopped is mended by it.
 */
async function ownService({ host, settings, config }: World, { hostname }: URL): Promise<'answers' | Said[]> {
  if (!(hostname in config.services)) return 'answers';
  const container = await onceStarted(() => findContainer(host.docker, settings.project, hostname));
  if (container?.running) return 'answers';
  if (!container) return [];
  return [
    warning(
      `${hostname}, which the replica is kept in, does not run: the replica is behind.`,
      'This deploy starts it; look at its logs.',
    ),
  ];
}

/** Started again with the engine a moment ago, it does not answer yet: its own health check says when it does. */
async function onceStarted(find: () => Promise<ContainerState | null>): Promise<ContainerState | null> {
  const deadline = Date.now() + startingMs;
  for (;;) {
    const container = await find();
    if (!container?.running || container.health !== 'starting' || Date.now() > deadline) return container;
    await sleep(200);
  }
}

async function askBucket(world: World, { endpoint, variables }: Target): Promise<Said[]> {
  const { host, settings } = world;
  const section = await replicaSection(world);
  const region =
    variableFor(world, 'region')?.value ??
    textOf(section['region']) ??
    (isR2(endpoint.hostname) ? 'auto' : 'us-east-1');
  const bucket: Bucket = {
    endpoint,
    region,
    bucket: variables.bucket.value,
    prefix: textOf(section['path']) ?? '',
    keyId: variables.keyId.value,
    secret: variables.secret.value,
  };
  const service = serviceOf(world, settings.replica?.service ?? '') ?? {};
  const request = listRequest(bucket, await clockOf(world));
  const answer = await askFrom(world, service, { request, verify: !trustsMore(service, section) });
  const { endpoint: named, bucket: bucketName, keyId, secret } = variables;
  const names = { endpoint: named.name, bucket: bucketName.name, keyId: keyId.name, secret: secret.name };
  return judgeAnswer(answer, { ...names, from: host.name, at: endpoint.host, region });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Authorities of its own are in its container alone; a signature may be shown to a server that is not proven. */
function trustsMore(service: ComposeService, section: Readonly<Record<string, unknown>>): boolean {
  const environment = variablesOf(service);
  return section['skip-verify'] === true || environment.has('SSL_CERT_FILE') || environment.has('SSL_CERT_DIR');
}

interface Asked {
  readonly request: SignedRequest;
  readonly verify: boolean;
}

/** From within Litestream's own network stack where it runs, which is also had at once; else from a network of its. */
async function askFrom(world: World, service: ComposeService, { request, verify }: Asked): Promise<Answer> {
  const { host, settings } = world;
  const from = async (network: string): Promise<Answer> =>
    ask(request, { host, network, image: settings.toolImage }, verify);
  const litestream = await findContainer(host.docker, settings.project, settings.replica?.service ?? '');
  if (!litestream?.running) return from(await networkOf(world, service));
  try {
    return await from(`container:${litestream.id}`);
  } catch (cause) {
    const now = await findContainer(host.docker, settings.project, settings.replica?.service ?? '');
    if (now?.startedAt === litestream.startedAt && now.running) throw cause;
    // It was stopped or started anew in that moment.
    return from(await networkOf(world, service));
  }
}

/** Litestream's network, where names of other services resolve; before the first deploy, one that leads out. */
async function networkOf({ host, config }: World, service: ComposeService): Promise<string> {
  if (service.network_mode === 'host') return 'host';
  const names = Object.keys(service.networks ?? {}).map((key) => config.networks?.[key]?.name ?? key);
  for (const name of names) {
    const found = await host.docker
      .getNetwork(name)
      .inspect()
      .then(() => true, ignoreMissing);
    if (found) return name;
  }
  return 'bridge';
}

function ignoreMissing(cause: unknown): false {
  if (isNotFound(cause)) return false;
  throw cause;
}

/** The host's clock, since it is the one that Litestream's own requests are signed by. */
async function clockOf({ host }: World): Promise<Date> {
  const { stdout } = await host.tryRun({ argv: ['date', '+%s'] });
  const seconds = Number(stdout);
  return Number.isFinite(seconds) && seconds > 0 ? new Date(seconds * 1000) : new Date();
}
