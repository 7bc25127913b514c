/** OpenSSH allows ten sessions on one connection (`MaxSessions`); two are left for whoever is quicker. */
const sessionsAtOnce = 8;

/** Counts the sessions of a connection: who comes when all are taken waits for one. */
export class Channels {
  private free = sessionsAtOnce;
  private readonly waiting: (() => void)[] = [];

  /** Returns what gives the session back; calling it twice does no harm. */
  async take(): Promise<() => void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    };
  }
}
