import { describe, expect, test } from 'vitest';
import { asksOf } from '../../src/router/asked-servers.js';
import { parseNginx } from '../../src/router/nginx-syntax.js';
import { serversOf, servedSlot } from '../../src/router/served-slots.js';
import { waysToSlots } from '../../src/router/slot-names.js';
import { handMadeRouters } from '../support/hand-made-routers.js';

const places = { project: 'shop', address: '172.18.0.2', published: '172.18.0.1:8001' };
const router = { service: 'router', port: 80, upstreamPort: 8000, configDirectory: '/etc/nginx/conf.d' } as const;
const names = { blue: { hosts: ['app-blue'], ports: [] }, green: { hosts: ['app-green'], ports: [] } };

function treeOfKind(wanted: string) {
  const files = handMadeRouters.find(({ kind }) => kind === wanted)?.files(places) ?? {};
  return parseNginx(Object.values(files).join('\n'), '/etc/nginx/conf.d/default.conf');
}

const asks = (text: string, port = 5000) => asksOf(serversOf(parseNginx(text, 'default.conf')), port, ['/']);

describe('a config is asked', () => {
  test('by a path alone where it answers to unknown names, and by name where it does not', () => {
    expect(asksOf(serversOf(treeOfKind('several vhosts')), 5000, ['/'])).toEqual([
      '/',
      'http://any.example:5000/',
      'http://any.example:5000/api/',
      'http://unknown.invalid:5001/',
    ]);
  });

  test('over TLS where it listens with it, and for its redirect without', () => {
    const found = asksOf(serversOf(treeOfKind('TLS with redirect')), 80, ['/', '/healthz']);
    expect(found).toEqual(['/', '/healthz', 'https://shop.example:443/', 'https://shop.example:443/healthz']);
  });

  test('at each location that stands there as it is, and at no pattern', () => {
    const locations =
      'location / {} location = /old {} location ^~ /static/ {} location ~ \\.png$ {} location @named {}';
    expect(asks(`server { listen 5000; ${locations} }`)).toEqual(['/', '/old', '/static/']);
  });

  test('once where it listens on both kinds of addresses, and not by what no client speaks', () => {
    const listens =
      'listen 443 ssl; listen [::]:443 ssl; listen 443 quic; listen 81 proxy_protocol; listen unix:/run/a;';
    expect(asks(`server { ${listens} server_name ~^a$ .shop.example; }`)).toEqual(['https://shop.example:443/']);
  });

  test('on port 80 where it says no port', () => {
    expect(asks('server { server_name shop.example; }')).toEqual(['http://shop.example:80/']);
    expect(asks('server { server_name shop.example; }', 80)).toEqual(['/']);
  });
});

describe('the live slot is told', () => {
  test('by the server behind a redirect, where the router’s port only sends people to TLS', () => {
    expect(servedSlot(waysToSlots({ router }, treeOfKind('TLS with redirect'), names))).toBe('blue');
  });

  test('by nothing else where the router’s port sends them to something that is no slot', () => {
    const other = 'server { listen 80; location / { proxy_pass http://other; } }';
    const behind = 'server { listen 81; location / { proxy_pass http://app-blue:8000; } }';
    expect(servedSlot(waysToSlots({ router }, parseNginx(`${other} ${behind}`, 'default.conf'), names))).toBeNull();
  });
});
