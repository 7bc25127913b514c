import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { KeySource, SigningKey } from './signing-key.js';

const signatureKey = 'pointsman-signature';

/**
 * Signs what says of itself what it is for (`signed`, see model/signed.ts), and takes that away from what comes back with a
 * signature that does not fit. Who has no key says nothing of the kind. The rest passes as it is, and all of it stays readable in Temporal's UI.
 */
export class SigningCodec implements PayloadCodec {
  private readonly keyOf: KeySource;
  private key: Promise<SigningKey | null> | null = null;

  constructor(keyOf: KeySource) {
    this.keyOf = keyOf;
  }

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map((payload) => this.sign(payload)));
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map((payload) => this.judge(payload)));
  }

  private async sign(payload: Payload): Promise<Payload> {
    const { data } = payload;
    const value = data && carriesSigned(data);
    if (!data || !value) return payload;
    const key = await this.once();
    if (!key) return { ...payload, data: dataOf({ ...value, signed: undefined }) };
    return { ...payload, metadata: { ...payload.metadata, [signatureKey]: signatureOf(key, data) } };
  }

  private async judge(payload: Payload): Promise<Payload> {
    const { data, metadata } = payload;
    const value = data && carriesSigned(data);
    if (!data || !value) return payload;
    const key = await this.once();
    const given = metadata?.[signatureKey];
    if (key && given && fits(given, signatureOf(key, data))) return payload;
    return { ...payload, data: dataOf({ ...value, signed: null }) };
  }

  private once(): Promise<SigningKey | null> {
    this.key ??= this.keyOf();
    return this.key;
  }
}

/** The object in a payload, where it has the field. */
function carriesSigned(data: Uint8Array): object | null {
  // That of a timer's summary is a plain list of numbers.
  const text = Buffer.from(data);
  if (!text.includes('"signed"')) return null;
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    const signed = typeof value === 'object' && value !== null && (value as { signed?: unknown }).signed;
    return signed ? value : null;
  } catch {
    return null;
  }
}

function dataOf(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function signatureOf(key: SigningKey, data: Uint8Array): Buffer {
  return createHmac('sha256', key.secret).update(data).digest();
}

function fits(given: Uint8Array, right: Buffer): boolean {
  return given.length === right.length && timingSafeEqual(given, right);
}
