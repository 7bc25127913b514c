import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { readServiceLogs } from '../../src/docker/service-logs.js';
import type { Host } from '../../src/hosts/host.js';
import { settings } from '../support/settings.js';

/** An engine that gives these logs, by service; what is not there it cannot give. */
function engine(logs: Record<string, string>, failure?: Error): Host {
  const docker = {
    listContainers: ({ filters }: { filters: { label: string[] } }) => {
      const service = filters.label.find((label) => label.includes('.service='))?.split('=')[1];
      return Promise.resolve([{ Id: service, State: 'running' }]);
    },
    getContainer: (id: string) => ({
      inspect: () => Promise.resolve({ State: {}, Config: { Tty: true }, NetworkSettings: {} }),
      logs: () =>
        id in logs
          ? Promise.resolve(Buffer.from(logs[id] ?? ''))
          : Promise.reject(failure ?? new Error(`no log of ${id}`)),
    }),
  } as unknown as Docker;
  return { docker } as Host;
}

test("the app's crash is shown also where the engine cannot give another one's log, which says so", async () => {
  const host = engine({ 'app-green': 'KeyError\n', litestream: 'replica sync\n' });
  expect(await readServiceLogs(host, settings, 'green')).toEqual([
    { title: 'app (app-green)', lines: ['KeyError'] },
    { title: 'router', lines: ['(cannot be read: no log of router)'] },
    { title: 'litestream', lines: ['replica sync'] },
  ]);
});

test.each([
  [409, 'can not get logs from container which is dead or marked for removal'],
  [404, 'No such container: 1a2b'],
])(
  'a container that is removed meanwhile is gone (HTTP code %i), in no words of the engine',
  async (statusCode, words) => {
    const removed = Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${words}`), { statusCode });
    const host = engine({ router: 'GET /\n', litestream: 'sync\n' }, removed);
    expect((await readServiceLogs(host, settings, 'green'))[0]).toEqual({
      title: 'app (app-green)',
      lines: ['(gone)'],
    });
    expect(await readServiceLogs(engine({}, removed), settings, 'green')).toHaveLength(3);
  },
);

test('an engine that gives no log at all is an error and not an empty answer', async () => {
  await expect(readServiceLogs(engine({}), settings, 'green')).rejects.toThrow('no log of app-green');
});
