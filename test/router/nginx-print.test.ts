import { describe, expect, test } from 'vitest';
import { printNginx } from '../../src/router/nginx-print.js';
import { parseNginx, type Directive } from '../../src/router/nginx-syntax.js';
import { wholeNumbers } from '../support/random.js';
import { randomValues, someSeed } from '../support/random-values.js';

/** Without places, which a text that was printed has of its own. */
function bare(directives: readonly Directive[]): unknown[] {
  return directives.map(({ name, args, block }) => ({ name, args, block: block && bare(block) }));
}

/** Directives with arguments that the syntax may take for its own. */
function randomTree(seed: number): Directive[] {
  const next = wholeNumbers(seed);
  const words = randomValues(seed, 60);
  const some = (depth: number): Directive[] =>
    Array.from({ length: next(4) + 1 }, () => {
      const args = Array.from({ length: next(4) }, () => words[next(words.length)] ?? '');
      return { name: `d${next(9)}`, args, file: '', line: 0, block: depth > 2 || next(3) > 0 ? null : some(depth + 1) };
    });
  return some(0);
}

describe('what is printed of a config', () => {
  test.each([
    [String.raw`location ~* \.(?:png|x)$ { expires 1h; }`],
    [`return 200 "it's \\"{fine;}\\"";`],
    [`if ($http_user_agent ~ "a b") { return 403; }`],
    [String.raw`rewrite "^/a{2}\\b/(.*)$" /$1\;x last;`],
    [`set $a x\${b}y; map $a $b { default x; '' ''; ~^a# "#"; }`],
    [`log_format main '$a "$b" '\n  '\\t$c';`],
    ['content_by_lua_block { t = { 1 } ; } b;'],
    [`add_header a "}"; add_header b '{'; add_header c "; d"; add_header e \${f};`],
  ])('is read again as it was: %j', (text) => {
    const tree = parseNginx(text, 'a.conf');
    expect(bare(parseNginx(printNginx(tree), 'a.conf'))).toEqual(bare(tree));
  });

  test('is read again as it was, whatever the words', () => {
    const seed = someSeed();
    for (let at = 0; at < 500; at += 1) {
      const tree = randomTree(seed + at);
      const read = bare(parseNginx(printNginx(tree), 'a.conf'));
      expect(read, `POINTSMAN_TEST_SEED=${seed + at}`).toEqual(bare(tree));
    }
  });

  test('is indented, with no quotes that are not needed', () => {
    const text = 'server {\n    listen 80;\n    location ~ \\.php$ {\n        return 200 "a b";\n    }\n}\n';
    expect(printNginx(parseNginx(text, 'a.conf'))).toBe(text);
  });
});
