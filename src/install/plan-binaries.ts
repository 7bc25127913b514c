import semver from 'semver';
import { currentLink, versionDirectory } from './layout.js';
import type { LocalFacts } from './local-facts.js';
import { temporalDownload, type InstalledBinary, type ServerFacts } from './server-facts.js';

/** How `bin/node` or `bin/temporal` of the version comes to be. */
export type BinarySource =
  /** It is right as it is. */
  | { readonly from: 'here' }
  /** As the one beside it: a copy that costs no space, because it is the same file under a second name. */
  | { readonly from: 'version'; readonly path: string }
  | { readonly from: 'server'; readonly path: string }
  | { readonly from: 'download'; readonly url: string }
  | { readonly from: 'this-machine'; readonly path: string };

export interface BinaryPlan {
  readonly name: 'node' | 'temporal';
  readonly source: BinarySource;
  readonly title: string;
}

/** Said instead of a plan when there is no way. */
export interface NoWay {
  readonly problem: string;
  readonly fix: string;
}

export interface BinaryQuestion {
  readonly facts: ServerFacts;
  readonly local: LocalFacts;
  readonly version: string;
  /** The version's directory is made anew, so nothing in it stays. */
  readonly anew: boolean;
}

export const oldestNode = '20.11.0';

export function planNode(question: BinaryQuestion): BinaryPlan | NoWay {
  const { facts, local } = question;
  const own = facts.node;
  if (own && isRecent(own.version)) return linked('node', own, question);
  const fits = local.node.machine === facts.machine && local.node.glibc && isRecent(local.node.version);
  const kept = keep(
    'node',
    question,
    ({ link, version }) => link === null && isRecent(version ?? '') && (!fits || version === local.node.version),
  );
  if (kept) return kept;
  if (fits) {
    const source = { from: 'this-machine', path: local.node.path } as const;
    return { name: 'node', source, title: `Node.js ${local.node.version}: shipped from this machine` };
  }
  const has = own ? `The server’s Node.js is ${own.version}` : 'The server has no Node.js';
  const reason = whyNot(local, facts);
  return { problem: `${has}, and ${reason}.`, fix: `Install Node.js ${oldestNode} or later there.` };
}

function whyNot({ node }: LocalFacts, { machine }: ServerFacts): string {
  if (!isRecent(node.version)) return `the one of this machine is ${node.version}`;
  if (node.machine !== machine)
    return `the one of this machine is for ${node.machine ?? 'another system'}, not ${machine}`;
  return 'the one of this machine was not built for glibc';
}

export function planTemporal(question: BinaryQuestion): BinaryPlan | NoWay {
  const { facts, local } = question;
  const offered = local.temporal?.machine === facts.machine ? local.temporal : null;
  if (local.temporal?.demanded) {
    if (!offered) {
      const problem = `${local.temporal.path} is no Linux program for ${facts.machine}, which the server is.`;
      return { problem, fix: 'Name a Temporal CLI for that machine, or none.' };
    }
    const kept = keep('temporal', question, ({ link, sha256 }) => link === null && sha256 === offered.sha256);
    return kept ?? shippedTemporal(offered.path);
  }
  if (facts.temporal) return linked('temporal', facts.temporal, question);
  const kept = keep('temporal', question, ({ link, version }) => link === null && version !== null);
  if (kept) return kept;
  if (facts.canDownloadTemporal) {
    const source = { from: 'download', url: temporalDownload(facts.machine) } as const;
    return { name: 'temporal', source, title: 'Temporal CLI: downloaded by the server from temporal.download' };
  }
  if (offered) return shippedTemporal(offered.path);
  return {
    problem: 'The server has no Temporal CLI, cannot download it, and this machine has none that fits.',
    fix: 'Install it there (https://docs.temporal.io/cli), or name a file with --temporal.',
  };
}

function shippedTemporal(path: string): BinaryPlan {
  const source = { from: 'this-machine', path } as const;
  return { name: 'temporal', source, title: 'Temporal CLI: shipped from this machine' };
}

function linked(
  name: BinaryPlan['name'],
  own: { path: string; version: string },
  question: BinaryQuestion,
): BinaryPlan {
  const here = !question.anew && question.facts.target?.[name]?.link === own.path;
  const source: BinarySource = here ? { from: 'here' } : { from: 'server', path: own.path };
  return { name, source, title: `${label(name)} ${numberOf(own.version)}: the server’s own, ${own.path}` };
}

/** One that the server got earlier, if it serves: here, or in the version that runs. */
function keep(
  name: BinaryPlan['name'],
  { facts, version, anew }: BinaryQuestion,
  serves: (binary: InstalledBinary) => boolean,
): BinaryPlan | null {
  const title = (binary: InstalledBinary): string => `${label(name)} ${numberOf(binary.version ?? '')}: as installed`;
  const here = facts.target?.[name];
  if (here && serves(here)) {
    const path = `${versionDirectory(version)}/bin/${name}`;
    return { name, source: anew ? { from: 'version', path } : { from: 'here' }, title: title(here) };
  }
  const running = facts.current?.[name];
  if (!running || !serves(running)) return null;
  return { name, source: { from: 'version', path: `${currentLink}/bin/${name}` }, title: title(running) };
}

function label(name: BinaryPlan['name']): string {
  return name === 'node' ? 'Node.js' : 'Temporal CLI';
}

function numberOf(version: string): string {
  return /v?(\d+\.\d+\.\d+\S*)/.exec(version)?.[0] ?? version;
}

function isRecent(version: string): boolean {
  const parsed = semver.parse(version);
  return parsed !== null && semver.gte(parsed, oldestNode);
}
