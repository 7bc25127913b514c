import { createHash, randomBytes } from 'node:crypto';

/** The variable that every process of a test inherits: which file it belongs to. */
export const fileVariable = 'POINTSMAN_TEST_FILE';

/** Short, and the same for all that one test file makes. */
export function tagOf(file: string): string {
  return createHash('sha256').update(file).digest('hex').slice(0, 6);
}

/**
 * A name of its own for a container, volume, network or Compose project that a test makes. It holds the tag of the test's
 * file, by which what is left behind is found: test/support/leave-nothing.ts.
 *
 * @param prefix what it is.
 */
export function ownName(prefix: string): string {
  const file = process.env[fileVariable];
  return `${prefix}-${file ? tagOf(file) : ''}${randomBytes(4).toString('hex')}`;
}
