import { describe, expect, test } from 'vitest';
import { differences, endingOf, lostRows, type Seen } from '../../bench/faults/ending.js';
import type { ContainerFacts, World } from '../../bench/faults/world.js';
import type { Slot } from '../../src/model/slot.js';

function container(service: string, over: Partial<ContainerFacts> = {}): ContainerFacts {
  const facts = { id: `id of ${service}`, startedAt: '10:00', running: true, health: 'healthy', image: 'nginx:1.30' };
  return { service, ...facts, ...over };
}

/** What each slot runs, always blue first, as in the file. */
function slotImages(slot: Slot, release: string): World['slotImages'] {
  const other = release === 'v1' ? 'v2' : 'v1';
  const [blue, green] = slot === 'blue' ? [release, other] : [other, release];
  return { blue: { image: `shop:${blue}`, release: blue }, green: { image: `shop:${green}`, release: green } };
}

function world(slot: Slot, release: string, over: Partial<World> = {}): World {
  return {
    live: { slot, release },
    containers: [container('router'), container('litestream'), container(`app-${slot}`, { image: `shop:${release}` })],
    ...{
      strays: [],
      config: `upstream pointsman_${slot} { server app-${slot}; } # ${release}`,
      configFiles: ['default.conf'],
      records: [],
    },
    slotImages: slotImages(slot, release),
    database: { integrity: 'ok', schema: 'one', files: ['app.db'], unlike: [], notes: [], aside: [] },
    ...over,
  };
}

function seen(over: Partial<Seen> = {}): Seen {
  return {
    before: world('blue', 'v1'),
    after: world('green', 'v2'),
    outcome: { status: 'COMPLETED', failure: '', warnings: [] },
    ...{ release: 'v2', acknowledged: [], kills: [] },
    ...over,
  };
}

const told = (over: Partial<Seen>): string[] => differences(endingOf(seen()), endingOf(seen(over)));

test('two runs that went the other way round end alike', () => {
  expect(told({ before: world('green', 'v2'), after: world('blue', 'v1'), release: 'v1' })).toEqual([]);
});

describe('a difference is told', () => {
  test('when another slot is live', () => {
    expect(told({ after: world('blue', 'v1') })).toContain(
      'live: "new-slot RELEASE" without a kill, "old-slot PREVIOUS" with it',
    );
  });

  test('when the router was started again, unless it was the router that was killed', () => {
    const containers = [container('router', { startedAt: '11:00' }), ...world('green', 'v2').containers.slice(1)];
    const after = world('green', 'v2', { containers });
    expect(told({ after })).toEqual([
      'router: "running, healthy, nginx:1.30, the same" without a kill, "running, healthy, nginx:1.30, started anew" with it',
    ]);
    expect(told({ after, kills: ['router'] })).toEqual([]);
  });

  describe('after the engine was killed', () => {
    const kills = ['dockerd'] as const;
    const [router, litestream, app] = world('green', 'v2').containers.map((one) => ({ ...one, startedAt: '11:00' }));
    const after = (...containers: (ContainerFacts | undefined)[]): World =>
      world('green', 'v2', { containers: containers.filter((one) => one !== undefined) });

    test('not when it started again what had run', () => {
      expect(told({ after: after(router, litestream, app), kills })).toEqual([]);
    });

    test('when one of them is another container, or is not back', () => {
      expect(told({ after: after(router && { ...router, id: 'another' }, litestream, app), kills })).toEqual([
        'router: "running, healthy, nginx:1.30, the same" without a kill, "running, healthy, nginx:1.30, started anew" with it',
      ]);
      expect(told({ after: after(router, litestream && { ...litestream, running: false }, app), kills })).toEqual([
        'litestream: "running, healthy, nginx:1.30, the same" without a kill, "stopped" with it',
      ]);
    });

    test('not when a slot that had been stopped is the one that was started', () => {
      const stopped = container('app-green', { running: false, startedAt: '09:00' });
      const before = world('blue', 'v1', { containers: [...world('blue', 'v1').containers, stopped] });
      const struck = seen({ before, after: after(router, litestream, app), kills });
      expect(differences(endingOf(seen({ before })), endingOf(struck))).toEqual([]);
    });

    test('when the slot that had to stay was replaced', () => {
      const failed = { outcome: { status: 'FAILED', failure: 'SlotUnhealthy', warnings: [] }, release: 'v2' };
      const stays = seen({ ...failed, after: world('blue', 'v1') });
      const containers = world('blue', 'v1').containers.map((one) => ({ ...one, startedAt: '11:00' }));
      const restarted = seen({ ...failed, after: world('blue', 'v1', { containers }), kills });
      expect(differences(endingOf(stays), endingOf(restarted))).toEqual([]);
      const [one, two, slot] = containers;
      const anew = after(one, two, slot && { ...slot, id: 'another' });
      const replaced = seen({ ...failed, after: { ...world('blue', 'v1'), containers: anew.containers }, kills });
      expect(differences(endingOf(stays), endingOf(replaced))).toHaveLength(1);
    });
  });

  test('when a service has two containers', () => {
    const after = world('green', 'v2');
    const containers = [...after.containers, container('app-green', { id: 'another' })];
    expect(told({ after: { ...after, containers } })).toEqual([
      'app-new-slot: "running, healthy, shop:RELEASE, started anew" without a kill, "2 containers" with it',
    ]);
  });

  test('when a tool container, a half-written file or a second backup is left', () => {
    const after = world('green', 'v2', {
      strays: ['pointsman-shop-demo-backup-20261126T010203Z'],
      configFiles: ['default.conf', 'default.conf.20261126T010203Z.previous.tmp'],
    });
    const database = { ...after.database, files: ['app.db', 'app.db.pre-deploy-20261126T010203Z.tmp'] };
    expect(told({ after: { ...after, database } })).toEqual([
      'strays: none without a kill, "pointsman-shop-demo-backup-TIME" with it',
      'config files: none without a kill, "default.conf.TIME.previous.tmp" with it',
      'files of the database: none without a kill, "app.db.pre-deploy-TIME.tmp" with it',
    ]);
  });

  test('when the record says it twice', () => {
    const record = { kind: 'deploy', outcome: 'succeeded', release: 'v2', slot: 'green', image: 'shop:v2' } as const;
    const whole = {
      ...record,
      deployId: '1',
      previous: 'v1',
      backup: null,
      requestedBy: 'a',
      startedAt: '',
      endedAt: '',
    };
    const once = seen({ after: world('green', 'v2', { records: [{ ...whole, message: '' }] }) });
    const twice = seen({ after: world('green', 'v2', { records: [1, 2].map(() => ({ ...whole, message: '' })) }) });
    const line = 'deploy succeeded RELEASE new-slot shop:RELEASE after PREVIOUS no backup';
    expect(differences(endingOf(once), endingOf(twice))).toEqual([
      `records: "${line}" without a kill, "${line}\\n${line}" with it`,
    ]);
  });

  test('when a row that was acknowledged is neither there nor kept aside', () => {
    const after = world('green', 'v2');
    const database = { ...after.database, notes: ['a'], aside: ['b'] };
    const lossy = { after: { ...after, database }, acknowledged: ['a', 'b', 'c'] };
    expect(lostRows(lossy)).toEqual(['c']);
    expect(told(lossy)).toEqual([
      'rows lost: "0" without a kill, "1" with it',
      'rows only kept aside: "none" without a kill, "some" with it',
    ]);
  });
});
