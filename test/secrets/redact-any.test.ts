import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/secrets/redact.js';
import { wholeNumbers } from '../support/random.js';
import { everyForm } from './forms.js';

const letters = 'abcdefghijklmnopqrstuvwxyz';
const characters = [
  ...[...letters, ...letters.toUpperCase(), ...'0123456789'],
  // What every form escapes, so that it is frequent.
  ...[...'+/=%&?#:;@!$\'"`\\<>(){}[]|~^*,._- ', ...'éßж中😀'],
];
const words = [
  'connect',
  'to',
  'app-blue',
  'v1',
  '/app/data/app.db',
  '8000',
  'GET',
  'failed',
  'ünïcode',
  '(retry)',
  '—',
];

describe.each([1, 2, 3, 4, 5, 6])('of 900 random secrets in random text, for the %s. time,', (seed) => {
  const next = wholeNumbers(seed);
  const oneOf = <Item>(items: readonly Item[]): Item => items[next(items.length)] as Item;
  const secret = (): string => {
    const inner = Array.from({ length: 8 + next(40) }, () => oneOf(characters)).join('');
    // Spaces at its ends are not part of a variable's value.
    return `${oneOf([...letters])}${inner}${oneOf([...letters, '=', '/'])}`;
  };
  const text = (): string => Array.from({ length: 1 + next(6) }, () => oneOf(words)).join(' ');

  test('none comes through in any form, and the text around stays', () => {
    const tried = new Map<string, number>();
    for (let round = 0; round < 10; round++) {
      const secrets = Array.from({ length: 90 }, secret);
      const redact = createRedactor(secrets);
      for (const [at, value] of secrets.entries()) {
        // Each in a ninth of the forms, since to read them all takes a while: each form has a hundred secrets.
        for (const [way, form] of everyForm(value).filter((_, index) => (index + at) % 9 === 0)) {
          tried.set(way, (tried.get(way) ?? 0) + 1);
          const [before, after] = [text(), text()];
          expect(redact(`${before} <${form}> ${after}`), `${value} ${way}`).toBe(`${before} <[redacted]> ${after}`);
        }
      }
    }
    expect([...tried.values()]).toEqual(everyForm('').map(() => 100));
  });
});

describe('the work grows with the text alone:', () => {
  const next = wholeNumbers(12);
  const random = (length: number): string => Array.from({ length }, () => letters[next(letters.length)]).join('');
  const secrets = [
    ...Array.from({ length: 160 }, (_, at) => random(10 + at)),
    // Nearly found at every place of the text below.
    ...Array.from({ length: 39 }, (_, at) => `${'a'.repeat(100 * (at + 1))}b`),
    `${'a'.repeat(3000)}\n${'a'.repeat(3000)}`,
  ];
  const redact = createRedactor(secrets);
  const million = 1_000_000;

  test.each([
    ['of a single letter', 'a'.repeat(million / 2)],
    ['of random letters', random(million)],
    ['of base64', Buffer.from(random(million)).toString('base64')],
    ['that begins a URL again and again', '://a:'.repeat(million / 5)],
    ['of one word that could be a scheme', `${'a'.repeat(90_000)}c`.repeat(10)],
    ['that begins headers again and again', 'authorization: cookie: x-api-key: '.repeat(million / 35)],
    ['of headers without an end', 'cookie:authorization:x-key:'.repeat(million / 25)],
    ['of escapes in escapes', String.raw`%25\u0041&#39;'\''$$+`.repeat(million / 200)],
    ['of short lines', 'ab\n'.repeat(million / 3)],
  ])('a long text %s, with 200 secrets', (_, text) => {
    const known = secrets[170] ?? '';
    expect(redact(`${text} ${known}.`).slice(-11)).toBe('[redacted].');
  });
});
