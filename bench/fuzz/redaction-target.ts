import { marker } from '../../src/secrets/marker.js';
import { createRedactor } from '../../src/secrets/redact.js';
import { randomValues } from '../../test/support/random-values.js';
import { mutated, oneOf, type Next } from './mutate.js';
import type { Target } from './target.js';

/** Stands between the values and the text of an input. */
const between = '\u0001|';

const forms: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => encodeURIComponent(value),
  (value) => JSON.stringify(value),
  (value) => Buffer.from(value).toString('base64'),
  (value) => Buffer.from(`user:${value}`).toString('base64url'),
  (value) => Buffer.from(value).toString('hex'),
];

function value(next: Next): string {
  const [random = ''] = randomValues(next(2 ** 31), 1);
  return `s3cret${random.replaceAll('\u0001', '')}-${next(1e9)}`;
}

/** No value of several is left in a text, as it is or in the forms in which programs print it. */
export const redactionTarget: Target = {
  name: 'redaction',
  refuses: [],
  input: (next) => {
    const values = Array.from({ length: 1 + next(3) }, () => value(next));
    const printed = values.map((each) => `at ${oneOf(next, forms)(each)} it was`).join(' ');
    const around = mutated(
      next,
      'GET https://ada:pass@example.org/?token=abc\nAuthorization: Bearer x\nlevel=info "a"\n',
    );
    return [
      ...values,
      `${around.replaceAll('\u0001', '')}\n${printed}\n${oneOf(next, ['', 'x'.repeat(5000), '%'.repeat(5000)])}`,
    ].join(between);
  },
  read: (input) => {
    const parts = input.split(between);
    const [values, text] = [parts.slice(0, -1), parts.at(-1) ?? ''];
    const said = createRedactor(values)(text);
    const left = values.find((each) => forms.some((form) => said.includes(form(each))));
    if (left !== undefined) throw new Error(`${JSON.stringify(left)} is left in ${JSON.stringify(said)}`);
    if (!said.includes(marker)) throw new Error(`nothing is marked in ${JSON.stringify(said)}`);
  },
};
