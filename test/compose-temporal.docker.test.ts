import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

const file = fileURLToPath(new URL('../docker-compose.temporal.yml', import.meta.url));

interface Service {
  readonly image: string;
  readonly restart?: string;
  readonly healthcheck?: object;
  readonly ports?: readonly { readonly host_ip?: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

async function config(env: Record<string, string>): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa('docker', ['compose', '-f', file, 'config', '--format', 'json'], {
    env,
    reject: false,
  });
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

describe('the compose file for a Temporal of your own', () => {
  test('is accepted by Compose', async () => {
    expect(await config({ POINTSMAN_TEMPORAL_DB_PASSWORD: 'x' })).toMatchObject({ exitCode: 0 });
  });

  test('asks for a password instead of bringing one', async () => {
    const { exitCode, stderr } = await config({ POINTSMAN_TEMPORAL_DB_PASSWORD: '' });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('POINTSMAN_TEMPORAL_DB_PASSWORD');
  });

  test('pins every image, publishes nothing beyond this machine, and restarts and checks what stays up', async () => {
    const { stdout } = await config({ POINTSMAN_TEMPORAL_DB_PASSWORD: 'x' });
    const { services } = JSON.parse(stdout) as { services: Record<string, Service> };
    expect(Object.values(services).filter(({ image }) => !/:\d+\.\d+(\.\d+)?$/.test(image))).toEqual([]);
    const published = Object.values(services).flatMap(({ ports }) => ports ?? []);
    expect(published.map(({ host_ip }) => host_ip)).toEqual(['127.0.0.1', '127.0.0.1']);
    const lasting = ['postgresql', 'server', 'ui'].map((name) => services[name]);
    expect(lasting.every((service) => service?.restart === 'always' && service.healthcheck)).toBe(true);
  });

  test('can be brought up with --wait: whatever ends by itself is waited for by what stays', async () => {
    const { stdout } = await config({ POINTSMAN_TEMPORAL_DB_PASSWORD: 'x' });
    const { services } = JSON.parse(stdout) as { services: Record<string, Service> };
    const ending = Object.entries(services).filter(([, { restart }]) => restart !== 'always');
    const awaited = Object.values(services).flatMap(({ depends_on: needs }) =>
      Object.entries(needs ?? {}).filter(([, { condition }]) => condition === 'service_completed_successfully'),
    );
    const names = (entries: [string, unknown][]): string[] => entries.map(([name]) => name).toSorted();
    expect(names(ending)).toEqual(['namespace', 'schema']);
    expect(names(awaited)).toEqual(names(ending));
  });
});
