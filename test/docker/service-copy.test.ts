import { describe, expect, test } from 'vitest';
import { bindsOf, commandOf, environmentOf, healthcheckOf, networksOf } from '../../src/docker/service-copy.js';

describe('a copy of a service', () => {
  test('has its variables as the service gets them: Compose prints a dollar as two', () => {
    const environment = { SECRET: 'a$$b$$$$c', EMPTY: '', UNSET: null };
    expect(environmentOf({ environment })).toEqual(['SECRET=a$b$$c', 'EMPTY=']);
    expect(commandOf({ command: ['sh', '-c', 'echo $$HOME'], entrypoint: null })).toEqual({
      entrypoint: null,
      command: ['sh', '-c', 'echo $HOME'],
    });
  });

  test('has its health check, in nanoseconds', () => {
    const healthcheck = {
      test: ['CMD', 'true'],
      interval: '1m30s',
      timeout: '1.5s',
      start_period: '500ms',
      start_interval: '250ms',
      retries: 3,
    };
    expect(healthcheckOf({ healthcheck })).toEqual({
      Test: ['CMD', 'true'],
      Interval: 90_000_000_000,
      Timeout: 1_500_000_000,
      StartPeriod: 500_000_000,
      StartInterval: 250_000_000,
      Retries: 3,
    });
    expect(healthcheckOf({})).toBeNull();
  });

  test('has its files of the host, configs and secrets too, and neither volumes nor sockets', () => {
    const service = {
      volumes: [
        { type: 'bind', source: '/srv/shop/litestream', target: '/etc/litestream' },
        { type: 'bind', source: '/var/run/docker.sock', target: '/var/run/docker.sock' },
        { type: 'volume', source: 'app-data', target: '/app/data' },
      ],
      configs: [{ source: 'replica', target: '/etc/litestream.yml' }],
      secrets: [{ source: 'key' }],
    };
    const files = { configs: { replica: { file: '/srv/shop/l.yml' } }, secrets: { key: { file: '/srv/shop/key' } } };
    expect(bindsOf({ services: {}, ...files }, service)).toEqual([
      { source: '/srv/shop/litestream', target: '/etc/litestream' },
      { source: '/srv/shop/l.yml', target: '/etc/litestream.yml' },
      { source: '/srv/shop/key', target: '/run/secrets/key' },
    ]);
  });

  test('would join its networks by the names that the engine has for them', () => {
    const config = { services: {}, networks: { default: { name: 'shop_default' }, storage: { name: 'outside' } } };
    expect(networksOf(config, { networks: { default: null, storage: {} } })).toEqual(['shop_default', 'outside']);
    expect(networksOf(config, { network_mode: 'host' })).toEqual(['host']);
  });
});
