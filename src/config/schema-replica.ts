import { z } from 'zod';
import { requiredVariable, service } from './schema-common.js';
import { orOff, section, text, valueWords } from './value-types.js';

export const replica = section('The Litestream service that replicates the database. It has no profile.', {
  service: service('Its Compose service.', 'litestream').prefault('litestream'),
  requireEnv: z
    .array(requiredVariable)
    .meta({ description: 'Variables that must have a value before a deploy may start. Names only, never values.' })
    .register(valueWords, { expected: 'a list of variable names', example: '[LITESTREAM_R2_BUCKET]' })
    .prefault([]),
  drill: orOff(
    text({
      about: 'When a drill is run by itself: a cron expression, in UTC.',
      pattern: /^(\S+\s+){4}\S+$/,
      expected: 'a cron expression of five fields, or false',
      example: '"30 3 * * *"',
    }),
  ).prefault(false),
});
