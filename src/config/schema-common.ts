import { text } from './value-types.js';

export const service = (about: string, example: string) =>
  text({ about, pattern: /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, expected: 'the name of a Compose service', example });

export const pathInContainer = (about: string, example: string, otherwise?: string) =>
  text({
    ...{ about, pattern: /^(?!.*\/\.{1,2}(\/|$))(\/[\w.@+-]+)+$/, expected: 'an absolute path', example },
    ...(otherwise === undefined ? {} : { otherwise }),
  });

export const requiredVariable = text({
  about: 'A variable.',
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  expected: 'the name of an environment variable',
  example: 'LITESTREAM_R2_BUCKET',
});
