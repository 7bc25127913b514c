import { Readable } from 'node:stream';
import { pack, type Header } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { packBundle, readBundle, type Bundle } from '../../src/shipping/bundle.js';

const label = { project: 'shop', environment: 'production', release: 'v2', id: '20261123T141500Z-1f3a5b' };
const bundle: Bundle = {
  label,
  files: [
    { path: 'compose.yml', mode: 0o644, content: Buffer.from('services: {}\n') },
    { path: 'litestream/entrypoint.sh', mode: 0o755, content: Buffer.from([0, 255, 10]) },
  ],
};

/** What somebody sends who has the key, and is not pointsman. */
function forged(...entries: readonly [Partial<Header> & { name: string }, string?][]): Promise<Bundle> {
  const archive = pack();
  for (const [header, content] of entries) archive.entry(header, content ?? '');
  archive.finalize();
  return readBundle(Readable.from(archive));
}

const labelled = (changes: object = {}): [{ name: string }, string] => [
  { name: 'pointsman-label.json' },
  JSON.stringify({ ...label, ...changes }),
];

describe('what is sent', () => {
  test('arrives as it was, byte for byte', async () => {
    expect(await readBundle(packBundle(bundle))).toEqual(bundle);
  });

  test.each(['/etc/cron.d/job', '../../other/current', 'a/../../b', 'a//b', '..'])(
    'to %s is refused: it would not stay inside',
    async (name) => {
      await expect(forged(labelled(), [{ name }])).rejects.toThrow('does not stay inside');
    },
  );

  test('as a link is refused: something could be written through it', async () => {
    const link = { name: 'link', type: 'symlink', linkname: '/etc' } as const;
    await expect(forged(labelled(), [link])).rejects.toThrow('link is no plain file (symlink)');
  });

  test.each([
    ['project', '../shop'],
    ['environment', 'a/b'],
    ['release', '..'],
    ['release', 'v1 ; rm -rf /'],
    ['id', '../../../../etc'],
  ])('for a strange %s (%s) is refused', async (key, value) => {
    await expect(forged(labelled({ [key]: value }))).rejects.toThrow(`the ${key} "${value}" is not valid`);
  });

  test('without a label is refused', async () => {
    await expect(forged([{ name: 'compose.yml' }])).rejects.toThrow('this is no bundle of pointsman');
    await expect(forged()).rejects.toThrow('nothing was sent');
  });

  test('that breaks off in the middle is refused', async () => {
    async function* half() {
      for await (const chunk of packBundle(bundle)) {
        yield (chunk as Buffer).subarray(0, 100);
        return;
      }
    }
    await expect(readBundle(Readable.from(half()))).rejects.toThrow();
  });
});
