import { envLine, parseEnvFile } from '../../src/docker/env-syntax.js';
import { describeEnvProblem, envProblemOf } from '../../src/docker/env-problem.js';
import { randomValues } from '../../test/support/random-values.js';
import { mutated } from './mutate.js';
import type { Target } from './target.js';

/** A value that pointsman writes is read again as it was, whatever stands around it. */
export const envTarget: Target = {
  name: 'env',
  refuses: [],
  input: (next) => randomValues(next(2 ** 31), 1 + next(4)).join('\u0001|'),
  read: (input) => {
    const values = input.split('\u0001|');
    const text = values.map((value, at) => `${envLine(`V${at}`, value)}\n`).join('');
    const { variables, problem } = parseEnvFile(text);
    const read = variables.map(({ value }) => value);
    if (problem !== null || JSON.stringify(read) !== JSON.stringify(values)) {
      throw new Error(`written as ${JSON.stringify(text)}, read as ${JSON.stringify({ read, problem })}`);
    }
  },
};

const written = `# The app's own.
export DATABASE_URL="postgres://app:\${DB_PASS:-none}@db/app"
DB_PASS='it''s \\'quoted\\''
LINES="one
two"
PLAIN=a value # with a comment
EMPTY=
yaml: style
`;

/** What a person wrote is read or refused, and what is said of it has nothing of a value in it. */
export const foreignEnvTarget: Target = {
  name: 'env of others',
  refuses: [],
  input: (next) =>
    mutated(next, written, ['export ', '\\n', '\\0101', '$$', '${A', '${A:?x}', "''", '""', 'SECRET-VALUE']),
  read: (input) => {
    const { problem } = parseEnvFile(input);
    const said = describeEnvProblem('.env', problem ?? envProblemOf(input, 'Invalid template'));
    if (said.includes('SECRET-VALUE')) throw new Error(`it is told: ${said}`);
  },
};
