import { error, type Check } from '../check.js';
import { bucketProblems, endpointProblems, isR2, keyProblems, samePair } from '../replica/plausible.js';
import { variableFor, variablesFor } from '../replica/variables.js';

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
  looksAt: 'endpoint, bucket, key and secret of the replica are well formed and no placeholders',
  run: (world) => {
    const endpoints = variablesFor(world, 'endpoint');
    const r2 = endpoints.some(({ value }) => URL.canParse(value) && isR2(new URL(value).hostname));
    const keyId = variableFor(world, 'keyId');
    const secret = variableFor(world, 'secret');
    return [
      ...variablesFor(world, 'bucket').flatMap((variable) => bucketProblems(variable, r2)),
      ...endpoints.flatMap(endpointProblems),
      ...[...variablesFor(world, 'keyId'), ...variablesFor(world, 'secret')].flatMap(keyProblems),
      ...(keyId && secret ? samePair(keyId, secret) : []),
    ];
  },
};
