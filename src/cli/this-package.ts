import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Where this package is installed: beside `dist`, or `src`, lie its `package.json` and its templates. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** This pointsman's own. */
export const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
