import { describe, expect, test } from 'vitest';
import { treeOfDump } from '../../src/router/nginx-dump.js';
import { NginxSyntaxError, parseNginx } from '../../src/router/nginx-syntax.js';

/** Directives as `name arg arg`, blocks as nested lists. */
type Plain = readonly (string | readonly [string, Plain])[];

function plain(text: string): Plain {
  const told = (directives: ReturnType<typeof parseNginx>): Plain =>
    directives.map(({ name, args, block }) => {
      const line = [name, ...args].join('|');
      return block === null ? line : [line, told([...block])];
    });
  return told(parseNginx(text, 'a.conf'));
}

describe('a config is read as nginx reads it', () => {
  test.each<[string, string, Plain]>([
    ['words', 'listen 80 default_server;', ['listen|80|default_server']],
    ['quotes', `return 200 'it\\'s "{fine;}"';`, [`return|200|it's "{fine;}"`]],
    ['an empty argument', `map $a $b { default x; '' ''; }`, [['map|$a|$b', ['default|x', '|']]]],
    ['a quote within a word', `set $a b'c;`, [`set|$a|b'c`]],
    ['a variable in braces', 'set $a x${b}y;', ['set|$a|x${b}y']],
    ['a block right after a word', 'a{b c;}d;', [['a', ['b|c']], 'd']],
    ['comments', '# {\na b; # c;\n#d', ['a|b']],
    ['a # within a word', 'rewrite ^/a#b /c;', ['rewrite|^/a#b|/c']],
    [
      'a quoted expression with braces',
      'location ~ "^/[a-z]{3}$" { return 403; }',
      [['location|~|^/[a-z]{3}$', ['return|403']]],
    ],
    ['a backslash', String.raw`location ~ \.php$ { deny all; }`, [[String.raw`location|~|\.php$`, ['deny|all']]]],
    ['several lines', "log_format main '$a '\n  '$b';", ['log_format|main|$a |$b']],
    ['a byte order of Windows', 'a b;\r\nc d;\r\n', ['a|b', 'c|d']],
  ])('%s', (_, text, expected) => {
    expect(plain(text)).toEqual(expected);
  });

  test('Lua is left as it is', () => {
    expect(plain('content_by_lua_block { t = { 1 } ; } b;')).toEqual(['content_by_lua_block| t = { 1 } ; ', 'b']);
  });

  test('each directive knows its line', () => {
    const [, server] = parseNginx('# one\nuser a;\nserver {\n\n  listen\n    80;\n}', 'a.conf');
    expect([server?.line, server?.block?.[0]?.line]).toEqual([3, 5]);
  });

  test.each([
    ['server {', 'a.conf:1: a block has no end: "}" is missing'],
    ['}', 'a.conf:1: "}" ends no block'],
    ['a b', 'a.conf:1: "a" has no end: ";" is missing'],
    ['\na "b', 'a.conf:2: the text ends in the middle of a directive'],
    ['a "b"c;', 'a.conf:1: a word follows a quote at once'],
    [';', 'a.conf:1: ";" follows nothing'],
    ['a {'.repeat(200), 'a.conf:1: blocks are nested more than 100 deep'],
  ])('what nginx would refuse is refused with its line: %j', (text, message) => {
    const read = () => parseNginx(text, 'a.conf');
    expect(read).toThrow(NginxSyntaxError);
    expect(read).toThrow(message);
  });
});

test('what is included stands where it is included, from several files, with their names', () => {
  const dump = `# configuration file /etc/nginx/nginx.conf:
events { }
http { include conf.d/*.conf; include /srv/x.conf; }

# configuration file /etc/nginx/conf.d/a.conf:
server { include snippets/tls.conf; }
# configuration file /etc/nginx/snippets/tls.conf:
ssl on;
# configuration file /etc/nginx/conf.d/b.conf:
upstream b { server b:1; }
# configuration file /srv/x.conf:
map a b { }
`;
  const [, http] = treeOfDump(dump);
  expect(http?.block?.map(({ name, file, line }) => `${name} ${file}:${line}`)).toEqual([
    'server /etc/nginx/conf.d/a.conf:1',
    'upstream /etc/nginx/conf.d/b.conf:1',
    'map /srv/x.conf:1',
  ]);
  expect(http?.block?.[0]?.block?.[0]).toMatchObject({ name: 'ssl', file: '/etc/nginx/snippets/tls.conf' });
});

describe('what no nginx would read to its end is an error with its place', () => {
  test('a file that includes itself, by a way round too', () => {
    const dump = `# configuration file /etc/nginx/nginx.conf:
include a.conf;
# configuration file /etc/nginx/a.conf:
# the way round:
include *.conf;
`;
    expect(() => treeOfDump(dump)).toThrow(
      new NginxSyntaxError('/etc/nginx/nginx.conf includes itself', { file: '/etc/nginx/a.conf', line: 2 }),
    );
  });

  test('files that bring in each other many times over', () => {
    const file = (at: number): string =>
      `# configuration file /etc/nginx/${at}.conf:\n${`include ${at + 1}.conf;\n`.repeat(8)}`;
    const dump =
      Array.from({ length: 20 }, (_, at) => file(at)).join('') + '# configuration file /etc/nginx/20.conf:\na b;\n';
    expect(() => treeOfDump(dump)).toThrow('includes bring in more than 100000 directives');
  });
});
