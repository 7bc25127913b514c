/** A write hold, as the router tells of it. */
export interface WriteHold {
  /** Timestamp of the deploy that began it. */
  readonly by: string;
  /** When the router lets writes through again whatever happens, ISO 8601. */
  readonly until: string;
  /** False once that is past: writes go through, though nobody has put the config from before back. */
  readonly active: boolean;
}

/** Names the copy of the config from before the hold, apart from the one from before the switch. */
export function holdName(timestamp: string): string {
  return `${timestamp}-hold`;
}
