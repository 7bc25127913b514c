import { describe, expect, test } from 'vitest';
import { leftovers } from '../../src/cli/unrecovered.js';
import type { EndedOutside } from '../../src/model/ended-outside.js';
import type { Live } from '../../src/model/slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { backup } from '../support/fake-activities.js';
import { RouterPlace } from '../support/router-place.js';
import { settings as usual } from '../support/settings.js';

const blue: Live = { slot: 'blue', release: 'v1' };
const green: Live = { slot: 'green', release: 'v2' };

function config(live: Live): string {
  const { port } = usual.router;
  return renderLiveConfig({ live, service: usual.slots[live.slot], upstreamPort: 8000, port, modern: true });
}

const ended: EndedOutside = {
  ...{ runId: 'run-1', kind: 'deploy', requestedBy: 'ada', by: '', lastStep: 'reloadRouter', directory: '/srv/shop' },
  ...{ startedAt: '2026-11-23T09:23:34.000Z', endedAt: '2026-11-23T09:24:34.000Z' },
  plan: { from: blue, slot: 'green', release: 'v2', image: 'shop:v2' },
  backup,
  mayHaveMigrated: true,
};

describe('what a run left that was ended from outside', () => {
  test('is a slot that runs, a config that is not loaded yet, and a database that may be migrated', async () => {
    const { host, settings, nginx } = await placed(blue);
    await (await nginx()).install(config(green), '20261123T092334Z');
    expect(await leftovers(host, settings, ended)).toEqual([
      'app-green runs and is not live',
      'the router serves blue (v1), and would serve green (v2) after a restart',
      `the database may be migrated by v2; as it was before: ${backup.file}`,
    ]);
  });

  test('is the old slot alone where the router serves the new release already', async () => {
    const { host, settings } = await placed(green);
    expect(await leftovers(host, settings, ended)).toEqual(['app-blue runs and is not live']);
  });
});

async function placed(live: Live) {
  const place = await RouterPlace.create(config(live));
  return { host: place.host, settings: place.settings, nginx: () => place.nginx() };
}
