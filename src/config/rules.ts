import { migrationRuleNames } from '../migrations/rules.js';
import type { Draft } from './draft.js';
import { holdRules } from './hold-rules.js';
import { didYouMean } from './nearest.js';
import type { Problem } from './problems.js';
import { routerRules } from './router-rules.js';
import { switchRules } from './switch-rules.js';
import type { KeyPath } from './yaml-source.js';

/** What must hold between keys, or within one beyond what the schema can say. */
export interface Rule {
  /** Where one of these is not sound, the rule is left out: it would speak of a stand-in. */
  readonly reads: readonly KeyPath[];
  readonly check: (draft: Draft) => readonly Problem[];
}

const oneServiceForEachSlot: Rule = {
  reads: [['slots']],
  check: (draft) => {
    const { blue, green } = draft.keys.slots;
    if (blue !== green) return [];
    const message = `both slots are on the service ${blue}: a deploy would replace the release that is live`;
    return [problemAt(draft, ['slots', 'green'], { message, fix: 'give each slot a service of its own' })];
  },
};

const routerIsNoSlot: Rule = {
  reads: [['slots'], ['router', 'service']],
  check: (draft) => helperIsNoSlot(draft, ['router', 'service'], draft.keys.router.service),
};

const replicaIsNoSlot: Rule = {
  reads: [['slots'], ['replica', 'service']],
  check: (draft) => helperIsNoSlot(draft, ['replica', 'service'], draft.keys.replica?.service),
};

function helperIsNoSlot(draft: Draft, path: KeyPath, service: string | undefined): Problem[] {
  const { blue, green } = draft.keys.slots;
  if (service !== blue && service !== green) return [];
  const message = `${service} is a slot too: it would be stopped after a deploy`;
  return [problemAt(draft, path, { message, fix: 'name another service, or another slot' })];
}

const routerIsNoReplica: Rule = {
  reads: [
    ['router', 'service'],
    ['replica', 'service'],
  ],
  check: (draft) => {
    if (draft.keys.replica?.service !== draft.keys.router.service) return [];
    const message = `${draft.keys.router.service} is the router's service too`;
    return [problemAt(draft, ['replica', 'service'], { message, fix: 'name the service that runs Litestream' })];
  },
};

const imageNamesTheRelease: Rule = {
  reads: [['image']],
  check: (draft) => {
    const { image } = draft.keys;
    const other = /\{(?!release\})[^}]*\}?/.exec(image)?.[0];
    if (other !== undefined) {
      return [problemAt(draft, ['image'], { message: `unknown placeholder ${other}`, fix: 'write {release}' })];
    }
    if (tagOf(image).includes('{release}')) return [];
    const message = 'no {release} in its tag, so every release would be the same image';
    return [problemAt(draft, ['image'], { message, fix: `write ${untagged(image)}:{release}` })];
  },
};

const imageIsAReference: Rule = {
  reads: [['image']],
  check: (draft) => referenceProblem(draft, 'image', draft.keys.image.replaceAll(/\{[^}]*\}/g, 'x')),
};

const toolImageIsAReference: Rule = {
  reads: [['toolImage']],
  check: (draft) => referenceProblem(draft, 'toolImage', draft.keys.toolImage),
};

/** Repository (a host with upper case is allowed, a path is not), then an optional tag and digest. */
const imageReference =
  /^([\w.-]+(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;

function referenceProblem(draft: Draft, key: 'image' | 'toolImage', reference: string): Problem[] {
  if (imageReference.test(reference)) return [];
  const message = `${draft.keys[key]} is not an image reference`;
  const lower = imageReference.test(reference.toLowerCase());
  const fix = lower ? 'write the name in lower case' : 'write it like registry.example.org/shop:tag';
  return [problemAt(draft, [key], { message, fix })];
}

function tagOf(image: string): string {
  return /:([^:/@]*)$/.exec(image)?.[1] ?? '';
}

function untagged(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}

const healthPathIsOfTheApp: Rule = {
  reads: [['health', 'path']],
  check: (draft) => {
    if (!draft.keys.health.path.startsWith('/__pointsman')) return [];
    const message = "/__pointsman is the router's own path: it answers without asking the slot";
    return [problemAt(draft, ['health', 'path'], { message, fix: 'name a path of the app, such as /healthz' })];
  },
};

const databaseLiesInADirectory: Rule = {
  reads: [['database', 'path']],
  check: (draft) => {
    const { database } = draft.keys;
    if (!database || database.path.split('/').length > 2) return [];
    const message = `${database.path} lies in the root directory, where no volume can be mounted`;
    return [problemAt(draft, ['database', 'path'], { message, fix: 'write it like /app/data/app.db' })];
  },
};

const foundByOthers: readonly Rule[] = [...routerRules, ...holdRules, ...switchRules].map(({ reads, find }) => ({
  reads,
  check: (draft) => find(draft).map(({ path, ...words }) => problemAt(draft, path, words)),
}));

const backupsAreADirectory: Rule = {
  reads: [
    ['database', 'path'],
    ['database', 'backups'],
  ],
  check: (draft) => {
    const { path, backups } = draft.keys.database ?? {};
    if (path === undefined || (backups !== path && !backups?.startsWith(`${path}/`))) return [];
    const message = `${backups} is the database's own file`;
    return [problemAt(draft, ['database', 'backups'], { message, fix: 'name a directory, such as /app/data/backups' })];
  },
};

const migrationFilesLieInTheProject: Rule = {
  reads: [['database', 'migrations']],
  check: (draft) =>
    migrationKeys(draft, 'files').flatMap(({ name, path }) => {
      if (name.split('/').includes('..')) {
        const message = `${name} leaves the project's directory, which is all that reaches the host`;
        return [problemAt(draft, path, { message, fix: 'move the migrations beside the Compose file' })];
      }
      if (/(\.sql|\.py|\*)$/.test(name)) return [];
      const message = `${name} names neither SQL nor Python, which is all that can be read`;
      return [problemAt(draft, path, { message, fix: 'let it end in .sql or .py' })];
    }),
};

const migrationRulesExist: Rule = {
  reads: [['database', 'migrations']],
  check: (draft) =>
    migrationKeys(draft, 'allow')
      .filter(({ name }) => !(migrationRuleNames as readonly string[]).includes(name))
      .map(({ name, path }) => {
        const fix = didYouMean(name, migrationRuleNames) ?? `use one of ${migrationRuleNames.join(', ')}`;
        return problemAt(draft, path, { message: `there is no rule ${name}`, fix });
      }),
};

function migrationKeys({ keys }: Draft, key: 'files' | 'allow'): { name: string; path: KeyPath }[] {
  const names = (keys.database?.migrations || null)?.[key] ?? [];
  return names.map((name, at) => ({ name, path: ['database', 'migrations', key, at] }));
}

const oneDatabase: Rule = {
  reads: [['database'], ['postgres']],
  check: (draft) => {
    if (!draft.keys.database || !draft.keys.postgres) return [];
    const message = 'there is a database already: pointsman looks after one';
    return [problemAt(draft, ['postgres'], { message, fix: 'remove database or postgres' })];
  },
};

const postgresIsAServiceOfItsOwn: Rule = {
  reads: [['slots'], ['postgres', 'service']],
  check: (draft) => helperIsNoSlot(draft, ['postgres', 'service'], draft.keys.postgres?.service),
};

const replicaIsOfSqlite: Rule = {
  reads: [['postgres'], ['replica']],
  check: (draft) => {
    if (!draft.keys.postgres || !draft.keys.replica) return [];
    const message = 'Litestream replicates SQLite, not PostgreSQL';
    return [problemAt(draft, ['replica'], { message, fix: 'remove replica' })];
  },
};

const oneHost: Rule = {
  reads: [['hosts']],
  check: (draft) => {
    if (draft.keys.hosts.length < 2) return [];
    const message = 'more than one machine for an environment is not in this version yet';
    return [problemAt(draft, ['hosts', 1], { message, fix: 'make an environment of its own for each' })];
  },
};

/** In the order of the keys. */
export const rules: readonly Rule[] = [
  imageNamesTheRelease,
  imageIsAReference,
  oneServiceForEachSlot,
  healthPathIsOfTheApp,
  routerIsNoSlot,
  databaseLiesInADirectory,
  ...foundByOthers,
  backupsAreADirectory,
  migrationFilesLieInTheProject,
  migrationRulesExist,
  oneDatabase,
  postgresIsAServiceOfItsOwn,
  replicaIsOfSqlite,
  replicaIsNoSlot,
  routerIsNoReplica,
  oneHost,
  toolImageIsAReference,
];

/** Every problem that the rules find in one environment. */
export function applyRules(draft: Draft): Problem[] {
  return rules.filter(({ reads }) => reads.every((path) => draft.isSound(path))).flatMap(({ check }) => check(draft));
}

/** A problem at the place where a key was written, or where it would be. */
export function problemAt(draft: Draft, path: KeyPath, words: Pick<Problem, 'message' | 'fix'>): Problem {
  return { ...draft.valueAt(path), message: `${draft.nameOf(path)}: ${words.message}`, fix: words.fix };
}
