/** What this machine brings to a connection; read from the environment in `secrets/sources.ts`. */
export interface SshEnvironment {
  readonly home: string;
  readonly user: string;
  /** Socket of an agent. */
  readonly agentSocket: string | null;
  /** A private key, or the path of one; it is the only one that is offered then. */
  readonly key: string | null;
  /** Opens the key, and other keys that are locked. */
  readonly passphrase: string | null;
  /** Lines of known_hosts, or the path of such a file; they take the place of the user's. */
  readonly knownHosts: string | null;
}
