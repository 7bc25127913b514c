import { stringify } from 'yaml';
import type { InitFacts } from './init-facts.js';

/** A new `pointsman.yml`: only what differs from the defaults, and what a person should look at. */
export function configText(facts: InitFacts): string {
  const { project, image, slots, router, health, database, replica } = facts;
  return [
    '# Every key: docs/configuration.md of pointsman. `pointsman check` says what is wrong, all at once.',
    line({ project }),
    '# {release} stands for the release that is deployed.',
    line({ image }),
    slots && differs(slots, { blue: 'app-blue', green: 'app-green' }) ? line({ slots }) : null,
    healthLine(health),
    routerLine(router, health),
    ...(database
      ? ['# The SQLite file inside the slots; remove this where the app has none.', databaseLine(database, facts)]
      : []),
    replica ? line({ replica: { service: replica.service, requireEnv: replica.requireEnv } }) : null,
    '',
  ]
    .filter((each) => each !== null)
    .join('\n');
}

function databaseLine(database: NonNullable<InitFacts['database']>, { migrations }: InitFacts): string {
  return line({ database: migrations.length === 0 ? database : { ...database, migrations: { files: migrations } } });
}

function healthLine(health: InitFacts['health']): string {
  return line({ health: { path: health?.path ?? '/healthz', timeout: '120s' } });
}

function routerLine(router: InitFacts['router'], health: InitFacts['health']): string {
  const { service = 'router', port } = router ?? {};
  return line({ router: { service, port: port ?? 5000, upstreamPort: health?.port ?? 8000 } });
}

/** A key on one line, as the documentation writes them. */
function line(value: Record<string, unknown>): string {
  const [[key, held] = ['', null]] = Object.entries(value);
  const options = { collectionStyle: 'flow', lineWidth: 0 } as const;
  return `${key}: ${stringify(held, options).trim()}`;
}

function differs(a: object, b: object): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

/** What must have a value before a deploy, added to the variables of the template. */
export function envText(template: string, { replica }: InitFacts): string {
  const names = replica?.requireEnv ?? [];
  const wanted = names.map((name) => `${name}=`);
  return wanted.length === 0 ? template : [template.trimEnd(), '', '# For the replica.', ...wanted, ''].join('\n');
}
