import { describe, expect, test } from 'vitest';
import {
  newestOfList,
  newestOfTable,
  replicaError,
  ReplicaError,
  restoreNewest,
  type LitestreamCall,
} from '../../src/database/litestream-restore.js';

/** What Litestream 0.5.18 printed, its request ids left out. */
const storage = 'get v0.3.x time bounds: s3: list generations: operation error S3: ListObjectsV2';
const place = { config: '/etc/litestream.yml', database: '/app/data/app.db', output: '/scratch/app.db' };

describe('a replica that cannot be restored is told in words', () => {
  test.each([
    ['Error: no matching backup files available', 'there is no replica yet', false],
    ['Error: bucket required for s3 replica', 'no bucket is set', false],
    [
      `Error: ${storage}, StatusCode: 404, NoSuchBucket: The specified bucket does not exist`,
      'the bucket does not exist',
      false,
    ],
    [
      `Error: ${storage}, StatusCode: 403, api error SignatureDoesNotMatch: The request signature we calculated`,
      'the secret key is not the right one',
      false,
    ],
    [
      `Error: ${storage}, StatusCode: 403, api error InvalidAccessKeyId: The Access Key`,
      'the access key is not known there',
      false,
    ],
    [
      `Error: ${storage}, exceeded maximum number of attempts, 8, dial tcp 127.0.0.1:1: connect: connection refused`,
      'its storage does not answer',
      true,
    ],
    [
      `Error: ${storage}, dial tcp: lookup nosuchhost.invalid on 10.0.0.1:53: no such host`,
      'its storage does not answer',
      true,
    ],
    [
      'Error: decode database: decode header: decode header for input 0: max retries exceeded reading ltx file (level=9): unexpected EOF',
      'it is damaged',
      false,
    ],
    [
      'Error: cannot calc restore plan: non-contiguous ltx files: have up to 0000000000000002 but next file starts at 0000000000000006',
      'it is damaged',
      false,
    ],
  ])('%s', (stderr, meaning, passing) => {
    const error = replicaError(
      { exitCode: 1, stdout: '', stderr: `level=INFO msg="…"\n${stderr}` },
      '/app/data/app.db',
    );
    expect(error.message).toBe(`the replica of /app/data/app.db cannot be restored: ${meaning} (${stderr})`);
    expect(error.passing).toBe(passing);
  });

  test('and without any words by its exit code', () => {
    const { message } = replicaError({ exitCode: 137, stdout: '', stderr: '' }, '/app.db');
    expect(message).toBe('the replica of /app.db cannot be restored: it ended with exit code 137');
  });
});

describe('the newest transaction', () => {
  const file = (level: number, max_txid: string, timestamp: string) => ({
    level,
    min_txid: '1',
    max_txid,
    size: 1,
    timestamp,
  });
  const listed = (...files: object[]) => ({ exitCode: 0, stdout: JSON.stringify(files, null, 2), stderr: '' });

  test('was taken when the first file that ends with it was written', () => {
    const list = listed(
      file(0, '0000000000000005', '2026-11-23T18:36:05Z'),
      file(1, '0000000000000005', '2026-11-23T18:36:30Z'),
      file(9, '0000000000000001', '2026-11-23T18:35:59Z'),
    );
    expect(newestOfList(list, '0000000000000005')).toEqual({ at: '2026-11-23T18:36:05.000Z', merged: false });
  });

  test('is not one that came after the restore', () => {
    const list = listed(file(0, '05', '2026-11-23T18:36:05Z'), file(0, '06', '2026-11-23T18:36:56Z'));
    expect(newestOfList(list, '05')?.at).toBe('2026-11-23T18:36:05.000Z');
    expect(newestOfList(list, null)?.at).toBe('2026-11-23T18:36:56.000Z');
  });

  test('is known less exactly once its own file was merged with others', () => {
    const list = listed(file(1, '05', '2026-11-23T18:36:30Z'), file(9, '01', '2026-11-23T18:35:59Z'));
    expect(newestOfList(list, '05')).toEqual({ at: '2026-11-23T18:36:30.000Z', merged: true });
  });

  test('is unknown where Litestream tells of none', () => {
    expect(newestOfList({ exitCode: 1, stdout: '', stderr: 'Error' }, null)).toBeNull();
    expect(newestOfList(listed(), null)).toBeNull();
    expect(newestOfTable({ exitCode: 1, stdout: '', stderr: '' })).toBeNull();
  });

  test('of Litestream 0.3 is the last one of its table', () => {
    const stdout = [
      'replica  generation        index     offset    size  created',
      's3       5a1d0e0e9f3c8b2a  00000000  00000000  4152  2026-11-23T18:36:02Z',
      's3       5a1d0e0e9f3c8b2a  00000000  00001038  4120  2026-11-23T18:36:04Z',
    ].join('\n');
    expect(newestOfTable({ exitCode: 0, stdout, stderr: '' })?.at).toBe('2026-11-23T18:36:04.000Z');
  });
});

describe('a restore', () => {
  /** Litestream as its help describes it, where everything else succeeds. */
  function litestream(help: string) {
    const calls: LitestreamCall[] = [];
    const run = (call: LitestreamCall) => {
      calls.push(call);
      return Promise.resolve({
        exitCode: call.id === 'help' ? 2 : 0,
        stdout: '[]',
        stderr: call.id === 'help' ? help : '',
      });
    };
    return { calls, run };
  }

  test('lets Litestream check the whole file where it can, and never names the live one as its output', async () => {
    const { calls, run } = litestream('-txid TXID\n-integrity-check MODE\n-json');
    await restoreNewest(run, place);
    expect(calls.map(({ argv }) => argv.join(' '))).toEqual([
      'litestream restore -h',
      'litestream restore -config /etc/litestream.yml -o /scratch/app.db -integrity-check full -json /app/data/app.db',
      'litestream ltx -config /etc/litestream.yml -level all -json /app/data/app.db',
    ]);
  });

  test('by Litestream 0.3 has no option that it does not know', async () => {
    const { calls, run } = litestream('-o PATH\n-parallelism NUM');
    await restoreNewest(run, place);
    expect(calls.map(({ argv }) => argv.join(' ')).slice(1)).toEqual([
      'litestream restore -config /etc/litestream.yml -o /scratch/app.db /app/data/app.db',
      'litestream wal -config /etc/litestream.yml /app/data/app.db',
    ]);
  });

  test('that fails is an error of the replica', async () => {
    const run = ({ id }: LitestreamCall) =>
      Promise.resolve({
        exitCode: 1,
        stdout: '',
        stderr: id === 'restore' ? 'Error: no matching backup files available' : '',
      });
    await expect(restoreNewest(run, place)).rejects.toThrow(ReplicaError);
  });
});
