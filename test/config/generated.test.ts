import { format } from 'prettier';
import { expect, test } from 'vitest';
import { jsonSchema } from '../../src/config/json-schema.js';
import { configurationReference } from '../../src/config/reference.js';

const renew = 'renew it with: npx vitest run test/config/generated.test.ts -u';

test('the JSON Schema that editors use is the one that the source generates', async () => {
  const text = await format(JSON.stringify(jsonSchema()), { parser: 'json', printWidth: 120 });
  await expect(text, renew).toMatchFileSnapshot('../../templates/pointsman.schema.json');
});

test('the reference of pointsman.yml is the one that the source generates', async () => {
  const text = await format(configurationReference(), { parser: 'markdown', printWidth: 120 });
  await expect(text, renew).toMatchFileSnapshot('../../docs/configuration.md');
});
