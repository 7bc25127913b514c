import type { RouterSettings } from '../model/settings.js';
import type { TrafficStats } from '../model/rollout.js';
import type { Slot } from '../model/slot.js';
import type { Nginx } from './nginx.js';

/** The most that is read of one window: about a hundred thousand answers, the last ones. */
const mostBytes = 4 * 1024 * 1024;
/** A file that has grown beyond this is emptied once it was read. */
const tooLarge = 64 * 1024 * 1024;

/**
 * Where nginx notes what each slot answers: beside its config, because that directory is the one that is known to be writable.
 * nginx includes `*.conf` from there, so the name must not end so.
 */
export function watchFile({ configDirectory }: Pick<RouterSettings, 'configDirectory'>): string {
  return `${configDirectory}/pointsman-watch.log`;
}

/** What was noted of both slots in a window. */
export interface Noted {
  /** Where the next window begins. */
  readonly next: string;
  readonly answers: readonly NotedAnswer[];
}

/** One answer of a slot to a user. */
export interface NotedAnswer {
  readonly slot: Slot;
  readonly status: number;
  /** How long the slot took, in milliseconds; `null` where that says nothing: a stream, a WebSocket, no answer at all. */
  readonly tookMs: number | null;
}

/** What nginx has noted, in the router's container. */
export class WatchLog {
  private readonly nginx: Nginx;
  private readonly file: string;

  constructor(nginx: Nginx, settings: Pick<RouterSettings, 'configDirectory'>) {
    this.nginx = nginx;
    this.file = watchFile(settings);
  }

  /** How much was noted, in bytes; 0 where there is no file. */
  async size(): Promise<number> {
    return (await this.place()).size;
  }

  /**
   * What was noted since `from`, which is where another read has ended. A file that is not the one of then, or that was emptied
   * since, is read from its beginning; so is any where `from` is `null`.
   */
  async read(from: string | null): Promise<Noted> {
    const { inode, size } = await this.place();
    const [file, offset] = (from ?? '').split(':');
    const begun = file === inode && Number(offset) <= size ? Number(offset) : 0;
    const start = Math.max(begun, size - mostBytes);
    const text = start < size ? await this.part(start, size - start) : '';
    // The last line may not be whole yet; the first one is cut where the window was.
    const whole = text.slice(start > begun ? text.indexOf('\n') + 1 : 0, text.lastIndexOf('\n') + 1);
    const end = start + Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1));
    const next = end > tooLarge && (await this.empty()) ? 0 : end;
    return { next: `${inode}:${next}`, answers: answersIn(whole) };
  }

  /** Removes the file. nginx goes on writing into what is no file any more until it has loaded a config without the log. */
  async remove(): Promise<void> {
    await this.nginx.act('rm -f "$1"', [this.file], 'look');
  }

  private async place(): Promise<{ inode: string; size: number }> {
    const { exitCode, stdout } = await this.nginx.exec(['stat', '-c', '%i %s', this.file]);
    const [inode = '0', size = '0'] = exitCode === 0 ? stdout.trim().split(' ') : [];
    return { inode, size: Number(size) };
  }

  private async part(start: number, bytes: number): Promise<string> {
    const script = 'tail -c "+$2" "$1" | head -c "$3"';
    const { stdout } = await this.nginx.exec(['sh', '-c', script, 'sh', this.file, String(start + 1), String(bytes)]);
    return stdout;
  }

  /** nginx appends, so what it notes next stands at the beginning. */
  private async empty(): Promise<boolean> {
    return (await this.nginx.exec(['sh', '-c', ': > "$1"', 'sh', this.file])).exitCode === 0;
  }
}

/** Every answer to a user in whole lines of the log; what cannot be read is left out. */
export function answersIn(lines: string): NotedAnswer[] {
  return lines.split('\n').flatMap((line) => {
    const [, slot, status, kind, ...took] = line.split(' ');
    if ((slot !== 'blue' && slot !== 'green') || kind === 'probe' || !/^\d{3}$/.test(status ?? '')) return [];
    return [{ slot, status: Number(status), tookMs: kind === 'user' && status !== '101' ? msOf(took) : null }];
  });
}

/** nginx writes seconds, and several of them where it asked more than once. */
function msOf(took: readonly string[]): number | null {
  const seconds = took.map((text) => Number.parseFloat(text)).filter((number) => !Number.isNaN(number));
  return seconds.length === 0 ? null : Math.round(1000 * seconds.reduce((sum, each) => sum + each, 0));
}

/** What a slot answered, in numbers. */
export function statsOf(answers: readonly NotedAnswer[], slot: Slot): TrafficStats {
  const own = answers.filter((answer) => answer.slot === slot);
  const took = own.flatMap(({ tookMs }) => tookMs ?? []).sort((one, other) => one - other);
  return {
    requests: own.length,
    errors: own.filter(({ status }) => status >= 500).length,
    p50Ms: percentile(took, 50),
    p95Ms: percentile(took, 95),
  };
}

/** The smallest value that so many percent do not exceed. */
function percentile(sorted: readonly number[], percent: number): number | null {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null;
}
