import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { eachLine } from '../../src/hosts/lines.js';

test('a stream that breaks off fails for its reader, and does not end the process that follows its lines', async () => {
  const lines: string[] = [];
  const stream = new PassThrough();
  eachLine(stream, (line) => lines.push(line));
  const whole = text(stream);
  stream.write('10%\n20');
  stream.once('data', () => stream.destroy(new Error('the engine restarted')));
  await expect(whole).rejects.toThrow('the engine restarted');
  expect(lines).toEqual(['10%']);
});
