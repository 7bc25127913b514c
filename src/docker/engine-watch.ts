import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';

/** Thrown where the engine went away under what was done: that says nothing about what was asked, which may be asked again. */
export class EngineWentAwayError extends Error {
  override readonly name = 'EngineWentAwayError';
}

/**
 * Knows afterwards whether the engine went away, or the connection to it broke, since it was opened. An engine that starts
 * again after a crash first stops every container that still runs: how one of them ended then says nothing about it.
 */
export class EngineWatch implements AsyncDisposable {
  private readonly docker: Docker;
  private readonly stream: NodeJS.ReadableStream & { destroy?: () => void };
  private readonly ended: Promise<void>;
  private gone = false;

  private constructor(docker: Docker, stream: NodeJS.ReadableStream) {
    this.docker = docker;
    this.stream = stream;
    stream.resume();
    const end = (): void => void (this.gone = true);
    this.ended = finished(stream, { writable: false }).then(end, end);
  }

  /** Events have no end while the engine lives, so their end is its own; those of the daemon itself hardly ever come. */
  static async open(docker: Docker): Promise<EngineWatch> {
    const filters = JSON.stringify({ type: ['daemon'] });
    return new EngineWatch(docker, await docker.getEvents({ filters }));
  }

  get wentAway(): boolean {
    return this.gone;
  }

  /**
   * Asks it once more, so that an end which has just come is known, too.
   *
   * @throws {EngineWentAwayError} when it went away; `during` ends the sentence. Where it still is, the error of asking.
   */
  async throwIfWentAway(during: string): Promise<void> {
    if (!this.gone) await this.docker.ping();
    if (this.gone) throw new EngineWentAwayError(`Docker went away while ${during}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.destroy?.();
    await this.ended;
  }
}
