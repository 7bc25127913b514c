import type { Session } from '../../src/cli/session.js';

export interface Heard {
  readonly session: Session;
  /** Standard output and standard error, in order. */
  readonly said: string[];
}

/** As much of a session as starting a run needs; nothing has to be brought back. */
export function waitingSession(): Heard {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const output = { live: false, print: say, note: say, redraw: () => undefined, ask: () => Promise.resolve(null) };
  return { session: { output, revive: () => Promise.resolve() } as unknown as Session, said };
}
