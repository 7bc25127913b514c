import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { refuseStranger } from './embedded-server.js';
import { SigningCodec } from './signing-codec.js';
import type { KeySource } from './signing-key.js';
import { TemporalUnavailableError, type ReachablePlace } from './place.js';

export interface ConnectionFacts {
  readonly connectionOptions: ConnectionOptions;
  readonly namespace: string;
}

/** How to connect: the same for the client and the worker. */
export async function connectionFacts(place: ReachablePlace): Promise<ConnectionFacts> {
  if (place.kind !== 'external') {
    return { connectionOptions: { address: `127.0.0.1:${place.port}` }, namespace: 'default' };
  }
  const { readConfiguration } = await import('./own-configuration.js');
  const { connectionOptions, namespace } = readConfiguration(place);
  return { connectionOptions, namespace: namespace ?? 'default' };
}

/**
 * @param keyOf the key that what is asked for is signed with. Default: none, so only for what asks for nothing.
 * @throws {TemporalUnavailableError} when nothing answers within five seconds, or when another program has the port of the
 *   embedded server.
 */
export async function connectClient(place: ReachablePlace, keyOf?: KeySource): Promise<Client> {
  if (place.kind === 'embedded') await refuseStranger(place);
  const { connectionOptions, namespace } = await connectionFacts(place);
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
    const dataConverter = keyOf ? { payloadCodecs: [new SigningCodec(keyOf)] } : {};
    return new Client({ connection, namespace, dataConverter });
  } catch (cause) {
    const address = connectionOptions.address ?? 'localhost:7233';
    const message = `Temporal does not answer at ${address} (namespace ${namespace}). Is it running, and are address and TLS right?`;
    throw new TemporalUnavailableError(message, { cause });
  }
}
