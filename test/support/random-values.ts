import { wholeNumbers } from './random.js';

/** What a syntax may take for its own. */
const pieces = [
  ...['\\', '\\\\', "'", '"', '$', '$$', '${', '}', '${HOME}', '$HOME', '#', ' #', '=', ':', '`', '!', '%', '&', '|'],
  ...[
    ' ',
    '  ',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '\v',
    '\f',
    '\u0001',
    '\u001b',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\uFEFF',
  ],
  ...['n', 'r', 't', 'x41', 'u0041', '0101', '\\n', '\\r', '\\0', '\\$', "\\'", '\\"', 'export A=1', '\nA=1\n', '\n# '],
  ...['a', 'Z', '7', '_', '-', 'é', 'ß', '字', '😀', 'e\u0301', 's3cret'],
];

/** Values that an environment variable can hold: empty ones, single pieces and mixtures. Always the same ones for a seed. */
export function randomValues(seed: number, count: number): string[] {
  const next = wholeNumbers(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: next(9) }, () => pieces[next(pieces.length)] ?? '').join(''),
  );
}

/** Another one in each run. `POINTSMAN_TEST_SEED` takes that of a run that failed. */
export function someSeed(): number {
  return Number(process.env['POINTSMAN_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
}
