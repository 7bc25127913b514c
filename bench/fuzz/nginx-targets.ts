import { treeOfDump } from '../../src/router/nginx-dump.js';
import { isWhole, liveInConfig, liveInDump, renderLiveConfig, slotInConfig } from '../../src/router/nginx-config.js';
import { parseNginx, type Directive } from '../../src/router/nginx-syntax.js';
import { statesIn } from '../../src/router/router-states.js';
import { everything, serversOn, waysOf } from '../../src/router/served-slots.js';
import { lossesOf } from '../../src/router/config-losses.js';
import { settings } from '../../test/support/settings.js';
import { mutated, oneOf } from './mutate.js';
import type { Target } from './target.js';

const file = '/etc/nginx/conf.d/default.conf';

const own = renderLiveConfig({
  live: { slot: 'green', release: 'v2' },
  service: settings.slots.green,
  port: 5000,
  upstreamPort: 8000,
  modern: true,
});

const theirs = `map $cookie_beta $slot { default blue; "~^1" green; include maps/*.conf; }
upstream blue { server app-blue:8000; server app-green:8000 backup; }
upstream green { zone green 64k; server app-green:8000 resolve; }
split_clients "\${remote_addr}AAA" $variant { 10% green; * blue; }
server {
  listen [::]:5000 default_server; # "of all
  listen 127.0.0.1:5000;
  server_name ~^(?<name>.+)\\.example\\.org$ 'a b';
  add_header X-Mine "a;b {c}" always;
  set $target http://blue;
  location / { proxy_pass $target; proxy_set_header Host $host; }
  location ~ ^/(\\d{3})/ { if ($request_method = POST) { return 503; } proxy_pass http://$slot; }
  content_by_lua_block { if x then return "}" end }
}
`;

const pieces = [
  'server {',
  'location / {',
  '}}',
  '${',
  '${a}',
  ' {',
  '\\"',
  'include *;',
  'include;',
  'proxy_pass http://$a$b;',
  'set $a $a;',
];

const names = {
  blue: { hosts: ['app-blue'], ports: [8001] },
  green: { hosts: ['app-green', '172.18.0.3'], ports: [] },
};

function judge(tree: readonly Directive[]): void {
  everything(tree);
  serversOn(tree, 5000);
  const ways = waysOf(serversOn(tree, 5000), tree, names);
  lossesOf(tree, { file, ways, router: settings.router });
}

/** One file, its own or another's. */
export const nginxTarget: Target = {
  name: 'nginx',
  refuses: ['NginxSyntaxError'],
  input: (next) => mutated(next, oneOf(next, [own, theirs]), pieces),
  read: (input) => {
    liveInConfig(input, settings.slots);
    statesIn(input);
    isWhole(input);
    slotInConfig(input, settings.slots);
    judge(parseNginx(input, file));
  },
};

const heading = (name: string): string => `# configuration file ${name}:\n`;
const main = 'user nginx;\nevents {}\nhttp { include conf.d/*.conf; include /etc/nginx/*/default.conf; }\n';
const dump = `${heading('/etc/nginx/nginx.conf')}${main}${heading('/etc/nginx/conf.d/a.conf')}include conf.d/a.conf;\n${heading(file)}${theirs}`;

/** All that nginx reads, also where files include each other. */
export const dumpTarget: Target = {
  name: 'nginx -T',
  refuses: ['NginxSyntaxError'],
  input: (next) => mutated(next, dump, [...pieces, heading('x'), heading(file), 'include /etc/nginx/nginx.conf;']),
  read: (input) => {
    liveInDump(input);
    judge(treeOfDump(input));
  },
};
