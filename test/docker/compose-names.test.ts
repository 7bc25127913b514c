import { expect, test } from 'vitest';
import { composeNames } from '../../src/docker/compose-names.js';

test('a Compose file says what services, what they share and their places are called', () => {
  const { names, images } = composeNames(`
name: shop
x-app: &app
  image: \${APP_IMAGE:-registry.example.org/shop:unreleased}
  profiles: [blue]
services:
  app-blue:
    <<: *app
    container_name: shop-blue
    hostname: blue-host
    networks: { backend: { aliases: [app-alias] } }
    volumes: ['app-data:/app/data:ro', { type: volume, source: cache, target: /app/cache }]
    environment: { POSTGRES_PASSWORD: hunter2-in-a-file }
    labels: { auth: hunter2-in-a-label }
    command: [serve, --password, hunter2-in-a-command]
volumes: { app-data: }
networks: { backend: {} }
secrets: { tls-key: { file: ./tls.key } }
`);
  const places = ['app-data', '/app/data', '/app/cache'];
  expect(names).toEqual(expect.arrayContaining(['shop', 'app-blue', 'shop-blue', 'blue-host', 'blue', ...places]));
  expect(names).toEqual(expect.arrayContaining(['app-alias', 'backend', 'tls-key']));
  expect(images).toEqual(['${APP_IMAGE:-registry.example.org/shop:unreleased}']);
  expect([...names, ...images].filter((name) => name.includes('hunter2'))).toEqual([]);
});

test.each(['', 'services:', 'services: [app]', 'services: { app: }', 'a: [', '- app', '*none'])(
  'what is no Compose file has no names: %j',
  (text) => {
    expect(composeNames(text).images).toEqual([]);
  },
);
