import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { SigningCodec } from '../../src/temporal/signing-codec.js';
import { newKey, type SigningKey } from '../../src/temporal/signing-key.js';
import { startSigned } from '../../src/temporal/start-signed.js';

const key = newKey();
const codecOf = (given: SigningKey | null): SigningCodec => new SigningCodec(() => Promise.resolve(given));
const asked = { release: 'v2', signed: startSigned('start', 'deploy', 'shop/prod') };

/** What arrives of a value that leaves with one key and is judged with another. */
async function through(value: unknown, signing: SigningKey | null, judging: SigningKey | null): Promise<unknown> {
  const payload = defaultPayloadConverter.toPayload(value);
  if (!payload) throw new Error('no payload');
  const [judged] = await codecOf(judging).decode(await codecOf(signing).encode([payload]));
  if (!judged) throw new Error('no payload came back');
  return defaultPayloadConverter.fromPayload(judged);
}

test('what is signed with the key arrives as it was', async () => {
  expect(await through(asked, key, key)).toEqual(asked);
});

test('what is signed with another key says no more that it was asked for', async () => {
  expect(await through(asked, newKey(), key)).toEqual({ release: 'v2', signed: null });
});

test('nor does what says so without a signature', async () => {
  const payload = defaultPayloadConverter.toPayload(asked);
  const [judged] = payload ? await codecOf(key).decode([payload]) : [];
  expect(judged && defaultPayloadConverter.fromPayload(judged)).toEqual({ release: 'v2', signed: null });
});

test('a signature does not fit what was changed after it', async () => {
  const payload = defaultPayloadConverter.toPayload(asked);
  if (!payload) throw new Error('no payload');
  const [signed] = await codecOf(key).encode([payload]);
  const data = Buffer.from(
    Buffer.from(signed?.data ?? [])
      .toString()
      .replace('"v2"', '"v3"'),
  );
  const [judged] = await codecOf(key).decode([{ ...signed, data }]);
  expect(judged && defaultPayloadConverter.fromPayload(judged)).toEqual({ release: 'v3', signed: null });
});

test.each<[string, unknown]>([
  ['text', 'a "signed" letter'],
  ['nothing', null],
  ['a list', [{ signed: true }]],
  ['a word deeper in', { note: { signed: 'by hand' } }],
  ['bytes', new Uint8Array([1, 2, 3])],
])('what says nothing of that passes as it is: %s', async (_, value) => {
  expect(await through(value, key, key)).toEqual(value);
  expect(await through(value, null, key)).toEqual(value);
});

test('it stays readable for whoever has no key', async () => {
  expect(await through(asked, key, key)).toEqual(asked);
  const payload = defaultPayloadConverter.toPayload(asked);
  const [signed] = payload ? await codecOf(key).encode([payload]) : [];
  expect(signed && defaultPayloadConverter.fromPayload(signed)).toEqual(asked);
  expect(JSON.stringify(signed)).not.toContain(key.toString());
});

test('who has no key says nothing of who asks', async () => {
  expect(await through(asked, null, null)).toEqual({ release: 'v2' });
  expect(await through(asked, null, key)).toEqual({ release: 'v2' });
});
