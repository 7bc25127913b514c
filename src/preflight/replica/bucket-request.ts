import { createHash } from 'node:crypto';
import aws4 from 'aws4';

export interface Bucket {
  readonly endpoint: URL;
  readonly bucket: string;
  readonly region: string;
  /** Beginning of the object names: a key may be allowed these alone. */
  readonly prefix: string;
  readonly keyId: string;
  readonly secret: string;
}

/** A request as it is sent: it holds a signature, which is good for this one question and a few minutes, and no secret. */
export interface SignedRequest {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const emptyBody = createHash('sha256').digest('hex');

/** Asks for the name of at most one object. @param now the clock of the machine that sends it. */
export function listRequest({ endpoint, bucket, region, prefix, keyId, secret }: Bucket, now: Date): SignedRequest {
  const query = `list-type=2&max-keys=1&prefix=${encodeURIComponent(prefix)}`;
  const path = `/${bucket}?${query}`;
  const stamp = now.toISOString().replace(/[:-]|\.\d{3}/g, '');
  const unsigned = {
    service: 's3',
    region,
    method: 'GET',
    host: endpoint.host,
    path,
    headers: { 'X-Amz-Date': stamp, 'X-Amz-Content-Sha256': emptyBody },
  };
  const { headers } = aws4.sign(unsigned, { accessKeyId: keyId, secretAccessKey: secret });
  const secure = endpoint.protocol === 'https:';
  const port = endpoint.port === '' ? (secure ? 443 : 80) : Number(endpoint.port);
  const sent = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]);
  return { secure, host: endpoint.hostname, port, path, headers: Object.fromEntries(sent) as Record<string, string> };
}
