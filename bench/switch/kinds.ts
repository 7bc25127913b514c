/** Ways of using the app, in the order of the tables; docs/zero-downtime.md says what each of them is. */
export const kinds = [
  ...(['kept GET', 'kept POST', 'new GET', 'new POST', 'slow', 'download', 'events'] as const),
  ...(['websocket', 'message', 'endless websocket'] as const),
] as const;

export type Kind = (typeof kinds)[number];

/** A message happens inside of a WebSocket, which is counted already. */
export function isRequest(kind: Kind): boolean {
  return kind !== 'message';
}

/** How one of them came out. */
export type Outcome =
  /** As it should be. */
  | 'ok'
  /** An answer, and not 2xx. */
  | 'non-2xx'
  /** No whole answer: refused, reset, or ended in the middle. */
  | 'reset'
  /** No answer in the time of its kind. */
  | 'time-out'
  /** 2xx, and not what it should be: bytes, events or an echo that are missing or others. */
  | 'wrong'
  /** Answered by a write hold: 503 with `X-Pointsman-Hold`. */
  | 'held'
  /** A stream that the app itself has ended in its own words as it stops: `bye`, or a WebSocket's 1001. */
  | 'told to go'
  /** A stream that outlived `drain.timeout`. */
  | 'cut by drain';

export const outcomes: readonly Outcome[] = [
  ...(['ok', 'non-2xx', 'reset', 'time-out', 'wrong', 'held', 'told to go', 'cut by drain'] as const),
];

/** Counted apart: each of them is by design, and said in the tables all the same. */
export const byDesign: ReadonlySet<Outcome> = new Set<Outcome>(['held', 'told to go', 'cut by drain']);

export function isFailure(outcome: Outcome): boolean {
  return outcome !== 'ok' && !byDesign.has(outcome);
}
