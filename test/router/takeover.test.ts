import { describe, expect, test } from 'vitest';
import { treeOfDump } from '../../src/router/nginx-dump.js';
import { takeoverOf, type Takeover, type TakeoverFacts } from '../../src/router/takeover.js';
import { handMadeRouters } from '../support/hand-made-routers.js';

const main = 'user nginx;\nevents {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n';
const own = '/etc/nginx/conf.d/default.conf';
const router = { service: 'router', port: 5000, upstreamPort: 8000, configDirectory: '/etc/nginx/conf.d' } as const;
const places = { project: 'shop', address: '172.18.0.2', published: '172.18.0.1:8001' };
const names: TakeoverFacts['names'] = {
  blue: { hosts: ['app-blue', 'shop-app-blue-1', '172.18.0.2'], ports: [8001] },
  green: { hosts: ['app-green', 'shop-app-green-1', '172.18.0.3'], ports: [8002] },
};

/** As `nginx -T` would print these files. */
function planOf(files: Readonly<Record<string, string>>, change: Partial<TakeoverFacts> = {}): Takeover {
  const read = (text: string): string => (text.startsWith('-> ') ? read(files[text.slice(3)] ?? '') : text);
  const all = Object.entries({ '/etc/nginx/nginx.conf': main, ...files });
  const dump = all.map(([file, text]) => `# configuration file ${file}:\n${read(text)}\n`).join('');
  return takeoverOf(treeOfDump(dump), { slot: 'blue', names, modern: true, router, ...change });
}

function planOfKind(wanted: string): Takeover {
  const found = handMadeRouters.find(({ kind }) => kind === wanted);
  if (!found) throw new Error(`there is no ${wanted}`);
  return planOf(found.files(places), { router: { ...router, port: found.port } });
}

const where = ({ snippets }: Takeover): string[] => snippets.map(({ path }) => path);
const placed = ({ kept }: Takeover): Record<string, string> =>
  Object.fromEntries(kept.map(({ told, to }) => [told, to]));
const text = ({ snippets }: Takeover, path: string): string => snippets.find((one) => one.path === path)?.text ?? '';

describe('what of a config is kept, and where:', () => {
  test('headers and locations in the server, limits and time-outs as keys, with both upstreams named', () => {
    const plan = planOfKind('both upstreams named');
    expect(plan.settings).toEqual({ maxBody: '20m', readTimeout: '90s', snippets: '/etc/nginx/conf.d/snippets' });
    expect(where(plan)).toEqual(['server/adopted.conf']);
    expect(placed(plan)).toEqual({
      'default.conf:1 upstream blue': "pointsman's own upstream",
      'default.conf:4 upstream green': "pointsman's own upstream",
      [`default.conf:10 add_header X-Own-Header it's "kept" always`]: 'server/adopted.conf',
      'default.conf:11 gzip on': 'server/adopted.conf',
      'default.conf:12 location /static/': 'server/adopted.conf',
      'default.conf:16 location /api/': 'server/adopted.conf',
      client_max_body_size: 'router.maxBody: 20m',
      proxy_read_timeout: 'router.readTimeout: 90s',
    });
    expect(text(plan, 'server/adopted.conf')).toContain('proxy_pass http://pointsman_live/v1/;');
  });

  test('the maps that say which slot is live are gone, and the others stay', () => {
    const plan = planOfKind('a variable and map');
    expect(where(plan)).toEqual(['http/adopted.conf', 'server/adopted.conf', 'location/adopted.conf']);
    expect(text(plan, 'http/adopted.conf').match(/^map .*/gm)).toEqual(['map $uri $cache_for {']);
    expect(text(plan, 'location/adopted.conf')).toContain('proxy_set_header X-From router;');
  });

  test('an include that only says what is live is gone, and another one is still one', () => {
    const plan = planOfKind('an include that a script rewrites');
    expect(where(plan)).toEqual(['server/adopted.conf', 'location/adopted.conf']);
    expect(text(plan, 'server/adopted.conf')).toContain('\ninclude /etc/nginx/common.inc;\n');
    expect(text(plan, 'server/adopted.conf')).not.toContain('X-Common');
  });

  test('a symbolic link beside default.conf is moved out of nginx’s sight, with what it shows kept', () => {
    const plan = planOfKind('a symlinked active.conf');
    expect(plan.moved).toEqual(['/etc/nginx/conf.d/active.conf']);
    expect(text(plan, 'server/adopted.conf')).toContain('location = /old {\n    return 301 /go;\n}');
  });

  test('TLS and a redirect stay whole, and pointsman’s own server gets a port that nobody asks', () => {
    const plan = planOfKind('TLS with redirect');
    expect(plan.settings['port']).toBe('5000');
    expect(where(plan)).toEqual(['http/adopted.conf']);
    expect(text(plan, 'http/adopted.conf')).toContain('return 301 https://$host$request_uri;');
    expect(text(plan, 'http/adopted.conf')).toContain('proxy_pass http://$pointsman_live;');
  });

  test('servers for other names and ports stay whole, beside the one that answers to all the rest', () => {
    const plan = planOfKind('several vhosts');
    expect(text(plan, 'http/adopted.conf').match(/(?:listen|server_name) .*/g)).toEqual([
      'listen 5000;',
      'server_name *.example;',
      'listen 5001;',
    ]);
    expect(text(plan, 'server/adopted.conf')).toContain('server_name shop.example www.shop.example;');
    expect(plan.settings['port']).toBeUndefined();
  });

  test('the other slot as a backup is gone with its upstream, whose idle time is a key', () => {
    const plan = planOfKind('a backup server in an upstream');
    expect(plan.settings).toMatchObject({ upstreamIdle: '4s' });
    expect(placed(plan)['default.conf:1 upstream app']).toBe("pointsman's own upstream");
    expect(where(plan)).toEqual(['server/adopted.conf', 'location/adopted.conf']);
  });

  test.each(['addresses and ports of the host in place of names', 'one slot by service, one by container'])(
    'nothing that is left names a slot, with %s',
    (kind) => {
      const plan = planOfKind(kind);
      expect(plan.byHand).toEqual([]);
      const passes = plan.snippets.flatMap((one) => one.text.match(/_pass .*/g) ?? []);
      expect(passes.length).toBeGreaterThan(0);
      expect(passes.filter((pass) => pass !== '_pass http://$pointsman_live;')).toEqual([]);
    },
  );

  test('a file beside it that has nothing to do with a slot stays where it is', () => {
    const plan = planOf({
      [own]: 'server { listen 5000; location / { proxy_pass http://app-blue:8000; } }',
      '/etc/nginx/conf.d/other.conf': 'server { listen 9000; return 204; }',
    });
    expect(plan.moved).toEqual([]);
    expect(JSON.stringify(plan)).not.toContain('9000');
  });

  test('the server that answers to unknown names goes on to, by a word, where the order of files changes', () => {
    const plan = planOf({
      [own]:
        'server { listen 5000; server_name a; return 204; } server { listen 5000; location / { proxy_pass http://app-blue:8000; } }',
      '/etc/nginx/conf.d/other.conf': 'server { listen 5000; server_name c; return 204; }',
    });
    expect(plan.settings['port']).toBe('8081');
    expect(text(plan, 'http/adopted.conf').match(/listen .*/g)).toEqual([
      'listen 5000 default_server;',
      'listen 5000;',
    ]);
  });
});

describe('what cannot be taken over is told with its place, why, and what to do:', () => {
  const inServer = (inside: string) =>
    planOf({ [own]: `server {\n listen 5000;\n location / { proxy_pass http://app-blue:8000; }\n ${inside}\n}` });

  test('a config that nginx.conf itself has', () => {
    expect(planOfKind('nginx.conf itself mounted').byHand).toEqual([
      'nginx.conf:3 upstream app; nginx.conf:4 server: this stands in a file that pointsman does not replace. Mount a directory at /etc/nginx/conf.d of router, move these to a file default.conf in it, write "include /etc/nginx/conf.d/*.conf;" in their place within http, start router anew, and adopt again.',
    ]);
  });

  test.each([
    [
      'location /new { proxy_pass http://app-green:8000; }',
      'default.conf:4 proxy_pass http://app-green:8000: it leads to the green slot, which is not live. Remove it',
    ],
    [
      'location /old { grpc_pass app-blue:8000; }',
      'default.conf:4 grpc_pass app-blue:8000: it does not speak plain HTTP with the app',
    ],
    ['location /tls { proxy_pass https://app-blue:8000; }', 'it does not speak plain HTTP with the app'],
    [
      'location /metrics { proxy_pass http://app-blue:9090; }',
      'it asks for port 9090 of the app, and router.upstreamPort is 8000. Let both be the same.',
    ],
    [
      'content_by_lua_block { go("app-blue") }',
      'default.conf:4 content_by_lua_block: it names a slot. Name the upstream pointsman_live there.',
    ],
  ])('%s', (inside, said) => {
    expect(inServer(inside).byHand.join('\n')).toContain(said);
  });

  test.each([
    [
      'server app-green:8000;',
      'which slot gets a request is not decided by the config alone. Let it lead to one of them.',
    ],
    [
      'server 10.0.0.9:80 backup;',
      'it stands in one upstream with a slot. Give it an upstream of its own, or remove it.',
    ],
    [
      'server app-blue:8000 max_conns=5;',
      "pointsman's upstream has no such limit. Remove it, or set the limit in the app.",
    ],
  ])('an upstream that also has %s', (server, said) => {
    const plan = planOf({
      [own]: `upstream app { server app-blue:8000; ${server} } server { listen 5000; location / { proxy_pass http://app; } }`,
    });
    expect(plan.byHand.join('\n')).toContain(said);
  });

  test('a stream', () => {
    const stream = `${main}stream { server { listen 5432; proxy_pass app-blue:8000; } }`;
    const plan = planOf({
      '/etc/nginx/nginx.conf': stream,
      [own]: 'server { listen 5000; location / { proxy_pass http://app-blue:8000; } }',
    });
    expect(plan.byHand.join('\n')).toContain(
      "nginx.conf:6 proxy_pass app-blue:8000: it is no HTTP, and does not follow pointsman's switch.",
    );
  });
});
