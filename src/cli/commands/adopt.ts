import { readFile, realpath, stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { configFileName } from '../../config/load.js';
import { otherRouterKeys, withRouterKeys } from '../../config/router-keys.js';
import { settingsOn } from '../../docker/project-directory.js';
import { redactorFor } from '../../docker/redactor.js';
import type { Host } from '../../hosts/host.js';
import { releasePattern } from '../../model/names.js';
import type { Settings } from '../../model/settings.js';
import { liveText } from '../../model/slot.js';
import { lookForAdoption, type Found } from '../../preflight/adopt.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { adoptText, byHandText } from '../render-adopt.js';
import type { PlaceOptions, Session } from '../session.js';
import { settledSettings } from '../ship.js';
import { startOrFollow } from '../start.js';
import { jsonLine } from '../terminal-text.js';

export interface AdoptOptions extends PlaceOptions {
  readonly release?: string;
  readonly path?: readonly string[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

/** Takes over a project that runs: shows what that means, has it confirmed, and follows it. */
export async function adoptCommand(session: Session, options: AdoptOptions): Promise<ExitCode> {
  const named = namedRelease(options);
  const written = await session.settings(options);
  const host = await session.host(written);
  const look = async (settings: Settings): Promise<Found> =>
    lookForAdoption(host, settingsOn(host, await settledSettings(session, settings)), named);
  const first = await look(written);
  if (first.kind !== 'theirs') return notAdopted(session, options, { found: first, settings: written });
  const keys = first.plan.takeover.settings;
  const file = await fileWith(options, written.environment, keys);
  const reasons = keysInTheWay(file, written.environment, keys);
  if (reasons.length > 0)
    return notAdopted(session, options, { found: { kind: 'by-hand', reasons }, settings: written });
  // With the keys that it is going to have: the config is made by them.
  const { settings } = await session.project(options, { edit: () => file.after });
  const found = await look(settings);
  if (found.kind !== 'theirs') return notAdopted(session, options, { found, settings });
  const { plan } = found;
  const paths = pathsToAsk(first.plan.paths, { written, settings }, options);
  await show(session, host, { plan, settings, paths, file }, options);
  if (options.dryRun) return exitCodes.succeeded;
  await confirmed(session, options);
  const client = await session.client();
  const { requestedBy } = session.environment;
  const input = {
    ...{ settings: await settledSettings(session, settings), shown: plan.digest, named, paths, keys },
    ...{ requestedBy, reason: options.reason ?? null },
  };
  const handle = await startOrFollow(session, client, { kind: 'adopt', input });
  const code = await follow(session, handle, { json: options.json ?? false });
  if (code === exitCodes.succeeded) await keepKeys(session, options, settings.environment, keys);
  return code;
}

interface Looked {
  readonly found: Exclude<Found, { readonly kind: 'theirs' }>;
  readonly settings: Settings;
}

async function notAdopted(session: Session, options: AdoptOptions, { found, settings }: Looked): Promise<ExitCode> {
  const { output } = session;
  const say = (text: string): void => {
    output.print(options.json ? jsonLine({ event: 'plan', ...found }) : text);
  };
  switch (found.kind) {
    case 'nothing':
      say('There is no config of your own to take over: the first deploy writes one.');
      return exitCodes.succeeded;
    case 'adopted':
      say(`It is adopted already: the router's config is pointsman's; live: ${liveText(found.live)}.`);
      if (!options.dryRun) await keepKeys(session, options, settings.environment, found.keys);
      return exitCodes.succeeded;
    case 'by-hand':
      say(byHandText(found.reasons));
      return exitCodes.refused;
  }
}

function namedRelease({ release }: AdoptOptions): string | null {
  if (release === undefined || releasePattern.test(release)) return release ?? null;
  throw new Exit(exitCodes.usage, `--release ${release} cannot be an image tag.`);
}

/**
 * Those that the user's config has for certain, and those that are named: on the port where that config is asked, also where
 * pointsman's own server is to have another one.
 */
function pathsToAsk(
  known: readonly string[],
  { written, settings }: { readonly written: Settings; readonly settings: Settings },
  { path = [] }: AdoptOptions,
): string[] {
  const wrong = path.find((one) => !/^(?:https?:\/\/[^/\s:]+(?::\d+)?)?\/\S*$/.test(one));
  if (wrong !== undefined) {
    throw new Exit(exitCodes.usage, `--path ${wrong} must begin with "/", or be like http://shop.example.org/.`);
  }
  const { service, port } = written.router;
  const all = [...new Set([...known, ...path])];
  if (port === settings.router.port) return all;
  return all.map((one) =>
    one.startsWith('/') ? `http://${service}:${port}${one}` : one.replace(/^(http:\/\/[^/:]+)\//, `$1:${port}/`),
  );
}

interface ConfigFile {
  readonly name: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

async function fileWith(
  { file }: PlaceOptions,
  environment: string,
  keys: Readonly<Record<string, string>>,
): Promise<ConfigFile> {
  const path = resolve(file ?? configFileName);
  const before = await readFile(path, 'utf8');
  return { name: relative(process.cwd(), path), path, before, after: withRouterKeys(before, environment, keys) };
}

/** What a person has written there stays, and the config would be made by it. */
function keysInTheWay({ name, before }: ConfigFile, environment: string, keys: Readonly<Record<string, string>>) {
  return Object.entries(keys).flatMap(([key, value]) =>
    otherRouterKeys(before, environment, { [key]: value }).map(
      (there) =>
        `${name} has ${there}, and what is taken over of your config needs router.${key}: ${value}. Write that there, and adopt again.`,
    ),
  );
}

type ToShow = Parameters<typeof adoptText>[0];

async function show({ output }: Session, host: Host, shown: ToShow, { json }: AdoptOptions): Promise<void> {
  if (!json) return output.print(adoptText(shown, await redactorFor(host, settingsOn(host, shown.settings))));
  const { live, other, takeover, digest } = shown.plan;
  output.print(jsonLine({ event: 'plan', live, other, kept: takeover.kept, paths: shown.paths, digest }));
}

/** @throws {Exit} `usage`: nothing was changed. */
async function confirmed({ output }: Session, { yes }: AdoptOptions): Promise<void> {
  if (yes) return;
  const answer = await output.ask('Take it over? [y/N] ');
  if (answer === null) throw new Exit(exitCodes.usage, 'Nothing was changed: without a terminal an adopt needs --yes.');
  if (!/^y(es)?$/i.test(answer.trim())) throw new Exit(exitCodes.usage, 'Nothing was changed.');
}

/** The next deploy makes the config by the file, so it must say by then what was taken over. */
async function keepKeys(
  { output, here }: Session,
  options: AdoptOptions,
  environment: string,
  keys: Readonly<Record<string, string>>,
): Promise<void> {
  const { path, name, before, after } = await fileWith(options, environment, keys);
  if (before === after) return;
  const file = await realpath(path);
  await here.writeFile(file, after, (await stat(file)).mode & 0o7777);
  const added = Object.keys(keys).map((key) => `router.${key}`);
  output.note(`${name} has ${added.join(', ')} from now on: commit it, since the next deploy goes by it.`);
}
