import Docker from 'dockerode';
import { expect, onTestFinished, test } from 'vitest';
import type { ComposeService } from '../../src/docker/compose.js';
import type { PostgresSettings } from '../../src/model/settings.js';
import { postgresServer } from '../../src/preflight/checks/postgres.js';
import { PostgresServer } from '../support/postgres-server.js';
import { settings } from '../support/settings.js';
import { fakeHost, services, world } from './support.js';

const place: PostgresSettings = {
  ...{ kind: 'postgres', service: 'db', name: 'app', user: 'app', backups: '/backups' },
  ...{ keepBackups: 3, restore: 'never' },
};
const db: ComposeService = { volumes: [{ type: 'volume', source: 'backups', target: '/backups' }] };

/** What the check says of a server in the project. */
async function said(project: string, database: Partial<PostgresSettings> = {}, service = db) {
  const config = { services: { ...services, db: service }, volumes: { backups: { name: `${project}_backups` } } };
  const changed = { ...settings, project, database: { ...place, ...database } };
  const found = await postgresServer.run(
    world({ host: fakeHost({ docker: new Docker() }), settings: changed, config }),
  );
  return found.map(({ severity, message }) => `${severity}: ${message}`);
}

test('a server that can be backed up and restored is left alone; one that cannot is told why', async () => {
  const server = await PostgresServer.start();
  expect(await said(server.name)).toEqual([]);
  const [unknown] = await said(server.name, { user: 'nobody' });
  expect(unknown).toContain('error: db cannot be backed up: psql: error:');
  expect(unknown).toContain('role "nobody" does not exist');
  await server.sql('CREATE ROLE weak LOGIN');
  expect(await said(server.name, { user: 'weak' })).toEqual(['warning: weak can back app up, and may not restore it.']);
  await server.sql('ALTER ROLE weak CREATEDB; ALTER DATABASE app OWNER TO weak');
  expect(await said(server.name, { user: 'weak' })).toEqual([]);
  expect(await said(server.name, { backups: '/backups/deep' })).toEqual([]);
  await new Docker().getContainer(server.name).stop();
  expect(await said(server.name)).toEqual(['error: db does not run.']);
});

test('what is wrong in the Compose file is told without a server', async () => {
  expect(await said('none', {}, { ...db, profiles: ['blue'] })).toEqual(['error: db has a profile.']);
  expect(await said('none', {}, {})).toEqual(['error: Nothing is mounted at /backups of db.']);
});

test('a server that was never started is no problem, and one whose container alone is gone is', async () => {
  const project = `pm-gone-${Date.now()}`;
  expect(await said(project)).toEqual([]);
  const docker = new Docker();
  onTestFinished(() => docker.getVolume(`${project}_backups`).remove());
  await docker.createVolume({ Name: `${project}_backups` });
  expect(await said(project)).toEqual([`error: db has no container, and its volume ${project}_backups is there.`]);
});
