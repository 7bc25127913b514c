import { expect, test } from 'vitest';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { watchFile, WatchLog } from '../../src/router/watch-log.js';
import { RouterPlace } from '../support/router-place.js';
import { settings as usual } from '../support/settings.js';

const live = { slot: 'blue', release: 'v1' } as const;
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port: usual.router.port, modern: true });
const line = '1795426414.123 blue 200 user 0.004\n';

/** A router with a log of what was noted, and a way to make it longer. */
async function place() {
  const nginx = await (await RouterPlace.create(blue)).nginx();
  const file = watchFile(usual.router);
  const run = async (script: string) => expect((await nginx.exec(['sh', '-c', script, 'sh', file])).exitCode).toBe(0);
  return { log: new WatchLog(nginx, usual.router), run };
}

test('a window that is very long is judged by its end: four mebibytes of whole lines', async () => {
  const { log, run } = await place();
  await run(`yes '${line.trim()}' | head -n 200000 > "$1"`);
  const { answers, next } = await log.read(null);
  expect(answers.length).toBe(Math.floor((4 * 1024 * 1024) / line.length));
  await run(`printf '${line.trim()}\\n1795426414.124 blue 5' >> "$1"`);
  const after = await log.read(next);
  expect(after.answers).toHaveLength(1);
  await run(`printf '00 user 0.001\\n' >> "$1"`);
  expect((await log.read(after.next)).answers).toEqual([{ slot: 'blue', status: 500, tookMs: 1 }]);
});

test('a file that has grown large is emptied once it was read, and what comes then is read from its beginning', async () => {
  const { log, run } = await place();
  await run(`truncate -s 70M "$1" && printf '\\n${line.trim()}\\n' >> "$1"`);
  const { answers, next } = await log.read(null);
  expect([answers.length, await log.size()]).toEqual([1, 0]);
  await run(`printf '${line.trim()}\\n${line.trim()}\\n' >> "$1"`);
  expect((await log.read(next)).answers).toHaveLength(2);
});
