/** Where Temporal is. */
export type TemporalPlace = EmbeddedPlace | ExternalPlace | TunnelPlace;

/** Temporal's dev server on a file of pointsman's own, started by pointsman. */
export interface EmbeddedPlace {
  readonly kind: 'embedded';
  /** Holds the server's database, its log and the background worker's. */
  readonly stateDirectory: string;
  readonly port: number;
  readonly uiPort: number;
  /** The Temporal CLI; `null` when it was not found. */
  readonly cli: string | null;
}

/** A server that somebody else runs; address, namespace, TLS and keys by Temporal's own variables or `temporal.toml`. */
export interface ExternalPlace {
  readonly kind: 'external';
  /** The variables that Temporal's configuration is read from, empty ones left out. */
  readonly variables: Readonly<Record<string, string>>;
}

/** On another machine, where it listens on the loopback interface only: reached through SSH. */
export interface TunnelPlace {
  readonly kind: 'tunnel';
  /** `ssh://user@host`. */
  readonly via: string;
  /** Of Temporal there. */
  readonly port: number;
}

/** The end of a tunnel on this machine. */
export interface ForwardedPlace {
  readonly kind: 'forwarded';
  readonly port: number;
}

/** What a client or worker can connect to as it is. */
export type ReachablePlace = EmbeddedPlace | ExternalPlace | ForwardedPlace;

export const taskQueue = 'pointsman';

/** Thrown when Temporal cannot be reached or started; traffic is untouched by that. */
export class TemporalUnavailableError extends Error {
  override readonly name = 'TemporalUnavailableError';
}
