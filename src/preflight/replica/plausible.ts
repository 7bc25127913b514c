import { error, type Said } from '../check.js';
import type { Variable } from './variables.js';

const r2Host = 'r2.cloudflarestorage.com';

export function isR2(host: string): boolean {
  return host === r2Host || host.endsWith(`.${r2Host}`);
}

/** What is wrong with an endpoint as it is written. */
export function endpointProblems({ name, value }: Variable): Said[] {
  if (spoilt(value)) return [spoiltValue(name)];
  if (isPlaceholder(value)) return [placeholder(name)];
  if (!/^https?:\/\/[^/]+/.test(value) || !URL.canParse(value)) {
    return [error(`${name} is no URL.`, 'Write it with its scheme: https://<account>.r2.cloudflarestorage.com.')];
  }
  const url = new URL(value);
  const found: Said[] = [];
  if (url.username !== '' || url.password !== '') {
    found.push(error(`${name} has credentials in it.`, 'Take them out: key and secret have variables of their own.'));
  }
  if (url.pathname.length > 1) {
    found.push(error(`${name} has a path.`, 'Leave the bucket out of the endpoint: it has a variable of its own.'));
  }
  if (url.search !== '' || url.hash !== '') {
    found.push(error(`${name} has a query in it.`, 'Write only scheme, host and port.'));
  }
  return isR2(url.hostname) ? [...found, ...r2Problems(name, url)] : found;
}

/** R2 answers requests to any account that is none with a failed TLS handshake, which says nothing of the reason. */
function r2Problems(name: string, { hostname, protocol }: URL): Said[] {
  const form = 'Use https://<account id>.r2.cloudflarestorage.com, with the 32 hexadecimal digits of the account id.';
  if (protocol !== 'https:') return [error(`${name} is an R2 endpoint without https.`, form)];
  const account = /^([^.]+)(?:\.(?:eu|fedramp))?\.r2\.cloudflarestorage\.com$/.exec(hostname)?.[1];
  if (account === undefined) return [error(`${name} is no R2 endpoint, though it looks like one.`, form)];
  if (/^[0-9a-f]{32}$/.test(account)) return [];
  const why = /^[0-9a-f]+$/.test(account) ? `has ${account.length} digits, not 32` : 'is not made of 32 hex digits';
  return [error(`The account id in ${name} ${why}.`, form)];
}

/** @param r2 R2 takes no dots, and does not have the reserved names of S3. */
export function bucketProblems({ name, value }: Variable, r2: boolean): Said[] {
  if (isPlaceholder(value)) return [placeholder(name)];
  const rule = r2 ? /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/ : /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
  const address = /^\d+\.\d+\.\d+\.\d+$/.test(value);
  const reserved = !r2 && /^(?:xn--|sthree-|amzn-s3-demo-)|(?:-s3alias|--ol-s3|--x-s3|\.mrap)$/.test(value);
  if (rule.test(value) && !value.includes('..') && !address && !reserved) return [];
  return [
    error(
      `${name} is no valid bucket name.`,
      `Use 3 to 63 lower-case letters, digits${r2 ? '' : ', dots'} and hyphens, without a URL.`,
    ),
  ];
}

/** An access key id, or the secret to it. */
export function keyProblems({ name, value }: Variable): Said[] {
  if (spoilt(value)) return [spoiltValue(name)];
  return isPlaceholder(value) ? [placeholder(name)] : [];
}

export function samePair(keyId: Variable, secret: Variable): Said[] {
  if (keyId.value !== secret.value) return [];
  return [error(`${keyId.name} and ${secret.name} have the same value.`, 'Set each to its own: they come as a pair.')];
}

/** Quotes that the env file's own syntax did not take away, and white space that came with a copy; a quote in the middle of a secret is its own. */
function spoilt(value: string): boolean {
  return /\s|^["'`]|["'`]$/.test(value);
}

function spoiltValue(name: string): Said {
  return error(
    `${name} has white space in its value, or quotes around it.`,
    'Remove them: they are taken as a part of it.',
  );
}

function placeholder(name: string): Said {
  return error(`${name} still has a placeholder as its value.`, 'Set the real one.');
}

/** What example files hold in the place of a value. */
export function isPlaceholder(value: string): boolean {
  const sounds =
    /^(?:change[-_]?(?:me|it)|replace[-_]?(?:me|this|with.*)|to-?do|fix-?me|placeholder|secret|example|none|null|undefined|your[-_].*)$/i;
  return sounds.test(value) || /^(.)\1*$/.test(value) || /<[^>]*>|^\{\{.*\}\}$|^\$\{.*\}$|x{6,}|your[-_]/i.test(value);
}
