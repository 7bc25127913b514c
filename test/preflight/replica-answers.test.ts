import { describe, expect, test } from 'vitest';
import { replicaAnswers } from '../../src/preflight/checks/replica-answers.js';
import { judgeAnswer } from '../../src/preflight/replica/answer.js';
import { listRequest } from '../../src/preflight/replica/bucket-request.js';
import { settings } from '../support/settings.js';
import { fakeHost, services, world } from './support.js';

const asked = {
  ...{ from: 'web-1', at: 's3.example.org', region: 'us-east-1' },
  ...{ endpoint: 'S3_ENDPOINT', bucket: 'S3_BUCKET', keyId: 'S3_ACCESS_KEY_ID', secret: 'S3_SECRET_ACCESS_KEY' },
};

function said(status: number, body: string, headers: Record<string, string> = {}): string[] {
  return judgeAnswer({ status, body, headers }, asked).map(({ severity, message }) => `${severity}: ${message}`);
}

const refusal = (code: string, more = '') => `<?xml version="1.0"?><Error><Code>${code}</Code>${more}</Error>`;

/** Answers of other storages than the one that the tests of the real thing ask. */
describe('what storage answers', () => {
  test.each([
    [403, refusal('AccessDenied'), 'error: The key in S3_ACCESS_KEY_ID may not list the bucket of S3_BUCKET.'],
    [401, refusal('Unauthorized'), 'error: The storage at s3.example.org does not know the key in S3_ACCESS_KEY_ID.'],
    [
      400,
      refusal('InvalidArgument', '<Message>Credential access key has length 20, should be 32</Message>'),
      'error: The storage at s3.example.org does not know the key in S3_ACCESS_KEY_ID.',
    ],
    [
      400,
      refusal('AuthorizationHeaderMalformed', '<Region>eu-west-1</Region>'),
      'error: The bucket of S3_BUCKET is not in the region us-east-1 at s3.example.org but in eu-west-1.',
    ],
    [
      301,
      refusal('PermanentRedirect'),
      'error: The bucket of S3_BUCKET is not in the region us-east-1 at s3.example.org.',
    ],
    [503, refusal('SlowDown'), 'warning: The storage at s3.example.org (S3_ENDPOINT) answers SlowDown (status 503).'],
    [418, refusal('Teapot'), 'error: The storage at s3.example.org (S3_ENDPOINT) answers Teapot (status 418).'],
    [
      502,
      '<html>Bad Gateway</html>',
      'error: s3.example.org (S3_ENDPOINT) answers with status 502, and not as S3 storage does.',
    ],
    [200, '<html>', 'error: s3.example.org (S3_ENDPOINT) answers with status 200, and not as S3 storage does.'],
  ])('%i %s', (status, body, message) => {
    expect(said(status, body)).toEqual([message]);
  });

  test('a redirect without a body names the region too', () => {
    expect(said(301, '', { 'x-amz-bucket-region': 'eu-west-1' })).toEqual([
      'error: The bucket of S3_BUCKET is not in the region us-east-1 at s3.example.org but in eu-west-1.',
    ]);
  });

  test('a list of objects is the answer that is wanted', () => {
    expect(said(200, '<?xml version="1.0"?><ListBucketResult></ListBucketResult>')).toEqual([]);
  });
});

test('a request holds a signature and no secret', () => {
  const bucket = { endpoint: new URL('https://s3.example.org'), bucket: 'shop', region: 'auto', prefix: 'app' };
  const request = listRequest({ ...bucket, keyId: 'the-key', secret: 'the-secret' }, new Date('2026-11-23T12:00:00Z'));
  expect(request).toMatchObject({ secure: true, host: 's3.example.org', port: 443 });
  expect(request.path).toBe('/shop?list-type=2&max-keys=1&prefix=app');
  expect(request.headers).toMatchObject({ 'X-Amz-Date': '20261123T120000Z' });
  expect(request.headers['Authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=the-key\/20261123\/auto\/s3\//);
  expect(JSON.stringify(request)).not.toContain('the-secret');
});

describe('storage that is a service of the project', () => {
  const variables = {
    LITESTREAM_R2_ENDPOINT: 'http://s3:9000',
    LITESTREAM_R2_BUCKET: 'shop',
    LITESTREAM_R2_ACCESS_KEY_ID: 'the-key',
    LITESTREAM_R2_SECRET_ACCESS_KEY: 'the-secret',
  };

  function found(containers: object[]) {
    const image = { inspect: () => Promise.resolve({ Id: 'sha256:0' }) };
    const State = { Running: false, Restarting: false, ExitCode: 0, OOMKilled: false, StartedAt: '' };
    const inspect = () => Promise.resolve({ State, Config: { Image: 'minio' }, NetworkSettings: {} });
    const listContainers = () => Promise.resolve(containers);
    const docker = { getImage: () => image, listContainers, getContainer: () => ({ inspect }) };
    return replicaAnswers.run(
      world({
        host: fakeHost({ docker }),
        settings: { ...settings, replica: { service: 'litestream', requireEnv: Object.keys(variables) } },
        config: { services: { ...services, s3: { image: 'minio/minio' } } },
        variables: new Map(Object.entries(variables)),
      }),
    );
  }

  test('and was never started cannot be asked before the first deploy, which says nothing', async () => {
    expect(await found([])).toEqual([]);
  });

  test('and is stopped is a warning: the deploy starts it', async () => {
    expect(await found([{ Id: 'c0ffee', State: 'exited' }])).toEqual([
      {
        severity: 'warning',
        message: 's3, which the replica is kept in, does not run: the replica is behind.',
        fix: 'This deploy starts it; look at its logs.',
      },
    ]);
  });
});
