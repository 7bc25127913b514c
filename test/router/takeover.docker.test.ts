import { beforeAll, describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/config/duration.js';
import type { RouterSettings } from '../../src/model/settings.js';
import type { Slot } from '../../src/model/slot.js';
import { configFor } from '../../src/activities/live-config.js';
import { findForeignConfig } from '../../src/router/foreign-config.js';
import { treeOfDump } from '../../src/router/nginx-dump.js';
import { noStates, type RouterStates } from '../../src/router/router-states.js';
import { namesOfSlots } from '../../src/router/slot-names.js';
import { takeoverOf, type Takeover } from '../../src/router/takeover.js';
import type { Told } from '../support/ask-router.js';
import { HandMadePlace, startApps, type Apps } from '../support/hand-made-place.js';
import { handMadeRouters, type HandMadeRouter } from '../support/hand-made-routers.js';

let apps: Apps;
beforeAll(async () => {
  apps = await startApps();
}, 60_000);

/** Headers of a client that sits behind a balancer. */
const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.9', 'X-Real-IP': '203.0.113.9' };

async function answers(place: HandMadePlace, asks: readonly string[]): Promise<Record<string, Told>> {
  const told: Record<string, Told> = {};
  for (const url of asks) {
    told[url] = await place.ask(url);
    told[`${url} (forwarded)`] = await place.ask(url, forwarded);
  }
  return told;
}

/** As `pointsman.yml` would give them. */
function routerSettings({ settings }: Takeover): Partial<RouterSettings> {
  const { port, maxBody, snippets, readTimeout, sendTimeout, upstreamIdle } = settings;
  return {
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(maxBody === undefined ? {} : { maxBody }),
    ...(snippets === undefined ? {} : { snippets }),
    ...(readTimeout === undefined ? {} : { readTimeoutMs: parseDuration(readTimeout) }),
    ...(sendTimeout === undefined ? {} : { sendTimeoutMs: parseDuration(sendTimeout) }),
    ...(upstreamIdle === undefined ? {} : { upstreamIdleMs: parseDuration(upstreamIdle) }),
  };
}

async function planOf(place: HandMadePlace): Promise<Takeover> {
  const { stdout } = await (await place.nginx()).exec(['nginx', '-T']);
  const names = await namesOfSlots(place.host, place.settings);
  return takeoverOf(treeOfDump(stdout), { slot: 'blue', router: place.settings.router, names, modern: true });
}

/** Carries a plan out, and has pointsman's own config serve a slot. */
async function adopt(place: HandMadePlace, plan: Takeover): Promise<HandMadePlace> {
  const adopted = place.with(routerSettings(plan));
  const { snippets } = adopted.settings.router;
  await adopted.write(Object.fromEntries(plan.snippets.map(({ path, text }) => [`${snippets}/${path}`, text])));
  for (const file of plan.moved) await adopted.move(file);
  await serve(adopted, 'blue');
  return adopted;
}

async function serve(place: HandMadePlace, slot: Slot, states: Partial<RouterStates> = {}): Promise<void> {
  const nginx = await place.nginx();
  const live = { slot, release: 'v1' };
  await place.write({ [nginx.file]: await configFor(nginx, place.settings, live, { ...noStates, ...states }) });
  await place.reload();
}

async function setUp(kind: HandMadeRouter): Promise<HandMadePlace> {
  const place = await HandMadePlace.create(apps, { port: kind.port });
  await place.write(kind.files(apps));
  await place.reload();
  return place;
}

/** Answers as if this slot had given them all. */
function asOf(slot: Slot, told: Record<string, Told>): Record<string, unknown> {
  const of = ({ status, headers, body }: Told) => ({
    status,
    headers: { ...headers, 'content-length': undefined },
    body: body.replace(/"slot": "\w+"/, `"slot": "${slot}"`),
  });
  return Object.fromEntries(Object.entries(told).map(([url, answer]) => [url, of(answer)]));
}

const adoptable = handMadeRouters.filter(({ kind }) => kind !== 'nginx.conf itself mounted');

describe('a router that was set up by hand', () => {
  test.each(adoptable)(
    'with $kind answers the same once it is taken over, and all of it follows a switch',
    async (kind) => {
      const place = await setUp(kind);
      const before = await answers(place, kind.asks);
      expect(
        Object.values(before)
          .map(({ body }) => body)
          .join(),
      ).toContain('"slot": "blue"');

      const plan = await planOf(place);
      expect(plan.byHand).toEqual([]);
      const adopted = await adopt(place, plan);
      expect(await answers(adopted, kind.asks)).toEqual(before);
      expect(await findForeignConfig(adopted.host, adopted.settings)).toBeNull();

      await serve(adopted, 'green');
      const after = await answers(adopted, kind.asks);
      expect(asOf('blue', after)).toEqual(asOf('blue', before));
      expect(Object.values(after).filter(({ body }) => body.includes('"slot": "blue"'))).toEqual([]);
    },
  );

  test('has its canary and its maintenance in the servers too that stay whole', async () => {
    const vhosts = handMadeRouters.find(({ kind }) => kind === 'several vhosts');
    if (!vhosts) throw new Error('there is none with several vhosts');
    const place = await setUp(vhosts);
    const adopted = await adopt(place, await planOf(place));
    const admin = 'http://admin.example:5001/';
    const by = '20261129T120000Z';
    await serve(adopted, 'blue', { candidate: { by, slot: 'green', release: 'v2', weight: 0, sticky: 'none' } });
    expect((await adopted.ask(admin)).body).toContain('"slot": "blue"');
    expect((await adopted.ask(admin, { 'X-Pointsman-Preview': 'v2' })).body).toContain('"slot": "green"');
    await serve(adopted, 'blue', { maintenance: { by: 'somebody', since: by } });
    expect(await adopted.ask(admin)).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
  });
});
