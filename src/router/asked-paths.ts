import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, HttpRequest, HttpResponse } from '../hosts/host.js';
import { differencesOf, varies, type PathAnswer } from '../model/adopt.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { addressOf } from './address.js';
import { throwIfUnreached } from './live-slot.js';

/** Of one connection and not of an answer, or of the moment; and what pointsman itself adds. */
const leftOut = /^(?:date|age|expires|connection|keep-alive|transfer-encoding|x-pointsman-.*)$/;

/** What differs between two requests by itself is found by asking again. */
const times = 3;

/** Who is asked. */
export interface Asked {
  readonly settings: Settings;
  readonly live: Live;
}

/** What each path answers through the router, as far as it is the same each time. */
export async function askPaths(
  host: Host,
  { settings, live }: Asked,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<PathAnswer[]> {
  const router = await addressOf(host, settings, settings.router.service);
  const slot = await addressOf(host, settings, settings.slots[live.slot]);
  const answers: PathAnswer[] = [];
  for (const path of paths) {
    const through = requestOf(path, router, settings);
    const { timeoutMs, headers = {} } = through;
    const past = { host: slot, port: settings.router.upstreamPort, path: through.path, timeoutMs, headers };
    answers.push(await askPath(host, { path, through, past }, signal));
  }
  return answers;
}

/** How long a path may answer otherwise: the workers of before still take a request or two. */
const settlesMs = 5000;

/** Asks the paths again until they answer as before; what still differs in the end, in words. */
export async function comparePaths(
  host: Host,
  asked: Asked,
  before: readonly PathAnswer[],
  signal: AbortSignal,
): Promise<string[]> {
  const deadline = Date.now() + settlesMs;
  for (;;) {
    const after = await askPaths(
      host,
      asked,
      before.map(({ path }) => path),
      signal,
    );
    const found = before.flatMap((one, at) => differencesOf(one, after[at] ?? one));
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(500, undefined, { signal });
  }
}

/** A path alone is asked of whichever server answers for no name; with a name and no port, over HTTP the router's is meant. */
function requestOf(path: string, address: string, { router }: Settings): HttpRequest {
  const common = { host: address, timeoutMs: 5000 };
  const [, scheme, name, port] = /^(https?):\/\/([^/:]+)(?::(\d+))?\//.exec(path) ?? [];
  if (scheme === undefined || name === undefined) return { ...common, port: router.port, path };
  const { pathname, search, host } = new URL(path);
  const tls = scheme === 'https' ? { port: 443, tlsName: name } : { port: router.port };
  const asked = { ...common, ...tls, path: `${pathname}${search}`, headers: { host } };
  return port === undefined ? asked : { ...asked, port: Number(port) };
}

interface Question {
  readonly path: string;
  readonly through: HttpRequest;
  /** The same, asked of the live slot. */
  readonly past: HttpRequest;
}

async function askPath(host: Host, { path, through, past }: Question, signal: AbortSignal): Promise<PathAnswer> {
  const seen: (HttpResponse | null)[] = [];
  const own: (HttpResponse | null)[] = [];
  while (seen.length < times) {
    signal.throwIfAborted();
    seen.push(await askOnce(host, { ...through, signal }));
    own.push(await askOnce(host, { ...past, signal }));
  }
  const statuses = new Set(seen.map((answer) => answer?.status ?? null));
  const [status = null] = statuses.size === 1 ? statuses : [];
  const bodies = new Set(seen.map((answer) => digestOf(answer?.body ?? '')));
  const [body = null] = bodies.size === 1 && status !== null ? bodies : [];
  const fromSlot = own.some((answer) => answer !== null && bodies.has(digestOf(answer.body)));
  return { path, status, headers: headersOf(seen.filter((answer) => answer !== null)), body, fromSlot };
}

/** No answer is one that can be compared as well. */
async function askOnce(host: Host, request: HttpRequest): Promise<HttpResponse | null> {
  try {
    return await host.request(request);
  } catch (error) {
    request.signal?.throwIfAborted();
    throwIfUnreached(error);
    return null;
  }
}

function headersOf(answers: readonly HttpResponse[]): Record<string, string> {
  const names = new Set(answers.flatMap(({ headers }) => Object.keys(headers)).filter((name) => !leftOut.test(name)));
  return Object.fromEntries(
    [...names].sort().map((name) => {
      const values = new Set(answers.map(({ headers }) => headers[name]));
      const [value] = values;
      return [name, values.size === 1 && value !== undefined ? digestOf(value) : varies];
    }),
  );
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
