import { error, warning, type Said } from '../check.js';
import { answerSeconds, type Answer } from './ask.js';

/** Names of what was asked with, for messages: of the values only the endpoint's host is shown. */
export interface Asked {
  /** Whose network it was asked from. */
  readonly from: string;
  /** Host and port. */
  readonly at: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly keyId: string;
  readonly secret: string;
  readonly region: string;
}

/** What an answer means for the replica; nothing where the bucket was listed. */
export function judgeAnswer(answer: Answer, asked: Asked): Said[] {
  if (answer.failed !== undefined) return [unreachable(answer, asked)];
  const { status, headers, body } = answer;
  if (status === 200 && body.includes('<ListBucketResult')) return [];
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1];
  if (code === undefined && headers['x-amz-bucket-region'] !== undefined) return [otherRegion(asked, answer)];
  if (code === undefined || !body.includes('<Error')) return [noStorage(status, asked)];
  return [refusals[code]?.(asked, answer) ?? unknown(code, status, asked)];
}

function unreachable(answer: Extract<Answer, { failed: string }>, { from, at, endpoint }: Asked): Said {
  switch (answer.failed) {
    case 'name':
      return error(
        `The host of ${endpoint}, ${at}, is not found from ${from}.`,
        `Correct ${endpoint}, or the DNS of ${from}.`,
      );
    case 'refused':
      return error(
        `${at} (${endpoint}) refuses connections from ${from}.`,
        `Start the storage, or correct the host and port in ${endpoint}.`,
      );
    case 'timeout':
      return error(
        `${at} (${endpoint}) did not answer within ${answerSeconds} s.`,
        `Wait until the storage answers, correct ${endpoint}, or let ${from} through the firewall.`,
      );
    case 'tls':
      return error(
        `No TLS connection to ${at} (${endpoint}): ${answer.reason}.`,
        'Correct the scheme or the host, or mend the certificate. For R2 also the account id.',
      );
    case 'other':
      return error(`${at} (${endpoint}) cannot be asked: ${answer.reason}.`, `Correct ${endpoint}, or the network.`);
  }
}

function noStorage(status: number, { at, endpoint }: Asked): Said {
  return error(
    `${at} (${endpoint}) answers with status ${status}, and not as S3 storage does.`,
    `Correct ${endpoint}: it must be the S3 API itself, no web page, console or public bucket address.`,
  );
}

function unknown(code: string, status: number, { at, endpoint }: Asked): Said {
  const message = `The storage at ${at} (${endpoint}) answers ${code} (status ${status}).`;
  // What is wrong on its side passes, and Litestream tries again.
  if (status >= 500)
    return warning(message, 'Wait, or look at its status page: until it mends, the replica falls behind.');
  return error(message, 'Look this code up with whoever runs the storage.');
}

type Refusal = (asked: Asked, answer: Extract<Answer, { status: number }>) => Said;

const noKey: Refusal = ({ keyId, at }) =>
  error(
    `The storage at ${at} does not know the key in ${keyId}.`,
    `Correct ${keyId}: the key is another account's, or was deleted.`,
  );

const wrongKeyForm: Refusal = (asked, answer) =>
  /credential|access key/i.test(answer.body) ? noKey(asked, answer) : unknown('InvalidArgument', answer.status, asked);

const noSignature: Refusal = ({ secret, keyId, at }) =>
  error(
    `The storage at ${at} refuses the signature: ${secret} is not the secret of the key in ${keyId}.`,
    `Set ${secret} anew from where the key was made: a character may be missing, or it belongs to another key.`,
  );

const otherRegion: Refusal = ({ bucket, at, region }, { headers, body }) => {
  const right = headers['x-amz-bucket-region'] ?? /<Region>([\w-]+)<\/Region>/.exec(body)?.[1];
  return error(
    `The bucket of ${bucket} is not in the region ${region} at ${at}${right === undefined ? '' : ` but in ${right}`}.`,
    right === undefined
      ? "Use the endpoint that is the bucket's own."
      : `Set region: ${right} in Litestream's config, and the endpoint of that region.`,
  );
};

const skewed: Refusal = ({ from, at }) =>
  error(
    `The clock of ${from} is not that of the storage at ${at}: it refuses every request.`,
    'Set it: timedatectl set-ntp true.',
  );

const denied: Refusal = ({ keyId, bucket }) =>
  error(
    `The key in ${keyId} may not list the bucket of ${bucket}.`,
    'Give it the right to read, write and list objects in this bucket; R2 calls that "Object Read & Write".',
  );

/** By the code of the S3 error; Litestream would meet the same ones, over and over in its log. */
const refusals: Readonly<Record<string, Refusal>> = {
  NoSuchBucket: ({ bucket, at }) =>
    error(
      `There is no bucket of the name in ${bucket} at ${at}.`,
      `Create it, or correct ${bucket}, or the account in the endpoint.`,
    ),
  InvalidBucketName: ({ bucket, at }) => error(`${at} takes no bucket of the name in ${bucket}.`, `Correct ${bucket}.`),
  InvalidAccessKeyId: noKey,
  Unauthorized: noKey,
  InvalidArgument: wrongKeyForm,
  SignatureDoesNotMatch: noSignature,
  RequestTimeTooSkewed: skewed,
  RequestExpired: skewed,
  AccessDenied: denied,
  AllAccessDisabled: denied,
  PermanentRedirect: otherRegion,
  TemporaryRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
};
