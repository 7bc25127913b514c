import { z } from 'zod';
import { durationPattern } from './duration.js';

/** The kinds of value that `pointsman.yml` holds. Each error reads on from the name of the key: "port: must be …". */

export const text = z.string({ error: 'must be text' }).min(1, { error: 'must not be empty' });

export const flag = z.boolean({ error: 'must be true or false' });

/** Goes into container, directory and workflow names, so it must be what Compose takes as a project name. */
export const projectName = matching(
  /^[a-z0-9][a-z0-9_-]*$/,
  'must begin with a small letter or digit and hold only small letters, digits, - and _',
);

export const serviceName = matching(
  /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/,
  'must be the name of a Compose service: letters, digits, ., - and _',
);

export const volumeName = matching(
  /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/,
  'must be the name of a Compose volume: letters, digits, ., - and _',
);

export const absolutePath = matching(
  /^(?:\/[A-Za-z0-9._@+-]+)+$/,
  'must be an absolute path in the container: / at the start, none at the end, no spaces',
);

export const urlPath = matching(/^\/[^\s"';{}#\\]*$/, 'must be a path that begins with / and has no spaces or quotes');

export const headerName = matching(/^[A-Za-z0-9-]+$/, 'must be the name of a response header');

export const variableName = matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable, not its value');

export const tableName = matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a table: letters, digits and _');

export const duration = matching(durationPattern, 'must be a duration such as 30s, 2m, 1h30m or 500ms');

export const releaseImage = matching(/^[^\s]*\{release\}[^\s]*$/, 'must hold {release}, which stands for the release');

export const imageReference = matching(/^[^\s{}]+$/, 'must be an image reference');

export const port = wholeNumber(1, 65_535);

export function wholeNumber(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

function matching(pattern: RegExp, error: string) {
  return z.string({ error: 'must be text' }).regex(pattern, { error });
}
