import { error, type Check, type Said } from '../check.js';

export const requiredVariables: Check = {
  name: 'variables',
  looksAt: 'every variable of replica.requireEnv has a value in the env file',
  run: ({ settings, variables }) =>
    (settings.replica?.requireEnv ?? [])
      .filter((name) => !variables.get(name))
      .map((name) =>
        error(`${name} has no value in ${settings.envFile ?? '.env'}.`, 'Set it: the replica cannot work without it.'),
      ),
};

/** A wrong endpoint and bucket once cost days of suspecting Litestream itself: each has its own message. */
export const replicaTarget: Check = {
  name: 'replica',
  looksAt: 'endpoint and bucket of the replica are well formed',
  run: ({ settings, variables }) => {
    // Only what the replica requires: the app may have endpoints and buckets of its own, with paths.
    const set = (settings.replica?.requireEnv ?? [])
      .map((name): [string, string] => [name, variables.get(name) ?? ''])
      .filter(([, value]) => value !== '');
    return [
      ...set.filter(([name]) => name.endsWith('_BUCKET')).flatMap(bucketProblems),
      ...set.filter(([name]) => name.endsWith('_ENDPOINT')).flatMap(endpointProblems),
    ];
  },
};

function bucketProblems([name, value]: [string, string]): Said[] {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value)) return [];
  return [
    error(
      `${name} is no valid bucket name.`,
      'Use 3 to 63 lower-case letters, digits, dots and hyphens, without a URL.',
    ),
  ];
}

function endpointProblems([name, value]: [string, string]): Said[] {
  if (!/^https?:\/\/[^/]+/.test(value))
    return [error(`${name} is no URL.`, 'Write it with its scheme: https://<account>.r2.cloudflarestorage.com.')];
  if (URL.canParse(value) && new URL(value).pathname.length > 1) {
    return [error(`${name} has a path.`, 'Leave the bucket out of the endpoint: it has a variable of its own.')];
  }
  return [];
}
