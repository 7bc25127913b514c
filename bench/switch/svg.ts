/** A part of the picture with an axis of its own. */
export interface Panel {
  readonly top: number;
  readonly height: number;
}

export type Point = readonly [x: number, y: number];

export interface Inks {
  readonly grid: string;
  readonly axis: string;
}

export function svg(width: number, height: number, parts: readonly string[]): string {
  const font = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="12"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${font}>`,
    rect([0, 0], [width, height], '#ffffff'),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

export function heading(title: string, x: number): string {
  return text(title, { x, y: 28, colour: '#24292f', size: 15, bold: true });
}

export function rect([x, y]: Point, [width, height]: Point, fill: string): string {
  return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${fill}"/>`;
}

export function line([x1, y1]: Point, [x2, y2]: Point, { colour, dash }: { colour: string; dash?: string }): string {
  const dashed = dash ? ` stroke-dasharray="${dash}"` : '';
  return `<line x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}" stroke="${colour}"${dashed}/>`;
}

/** Where a point is missing the line is broken. */
export function polyline(points: readonly (Point | null)[], colour: string): string[] {
  const runs: Point[][] = [[]];
  for (const point of points) {
    if (point) runs.at(-1)?.push(point);
    else runs.push([]);
  }
  return runs
    .filter((run) => run.length > 0)
    .map((run) => {
      const list = run.map(([x, y]) => `${short(x)},${short(y)}`).join(' ');
      return `<polyline points="${list}" fill="none" stroke="${colour}" stroke-width="1.6" stroke-linejoin="round"/>`;
    });
}

export interface TextOptions {
  readonly x: number;
  readonly y: number;
  readonly colour: string;
  /** Default: `start`. */
  readonly anchor?: 'start' | 'middle' | 'end';
  /** Pixels. Default: that of the picture. */
  readonly size?: number;
  readonly bold?: boolean;
}

export function text(content: string, { x, y, colour, anchor = 'start', size, bold = false }: TextOptions): string {
  const more = `${size ? ` font-size="${size}"` : ''}${bold ? ' font-weight="600"' : ''}`;
  return `<text x="${short(x)}" y="${short(y)}" fill="${colour}" text-anchor="${anchor}"${more}>${escaped(content)}</text>`;
}

/** One axis of time for all panels. Times are milliseconds since 1970. */
export class Frame {
  private readonly from: number;
  private readonly until: number;
  private readonly zero: number;
  private readonly left: number;
  private readonly right: number;

  constructor(span: { from: number; until: number; zero: number; left: number; right: number }) {
    this.from = span.from;
    this.until = span.until;
    this.zero = span.zero;
    this.left = span.left;
    this.right = span.right;
  }

  x(at: number): number {
    const share = (at - this.from) / (this.until - this.from);
    return this.left + (this.right - this.left) * Math.min(1, Math.max(0, share));
  }

  secondsGrid(panels: readonly Panel[], { grid }: Inks): string[] {
    return panels.flatMap(({ top, height }) =>
      this.seconds().map((second) => {
        const x = this.x(this.zero + second * 1000);
        return line([x, top], [x, top + height], { colour: grid });
      }),
    );
  }

  secondsAxis({ top, height }: Panel, { axis }: Inks): string[] {
    const y = top + height;
    return [
      line([this.left, y], [this.right, y], { colour: axis }),
      ...this.seconds().map((second) =>
        text(`${second} s`, { x: this.x(this.zero + second * 1000), y: y + 18, anchor: 'middle', colour: axis }),
      ),
      text('since the command', { x: this.right, y: y + 36, anchor: 'end', colour: axis, size: 11 }),
    ];
  }

  private seconds(): number[] {
    const [first, last] = [(this.from - this.zero) / 1000, (this.until - this.zero) / 1000];
    const step = [1, 2, 5, 10, 20, 30, 60].find((every) => (last - first) / every <= 16) ?? 120;
    const begin = Math.ceil(first / step) * step;
    return Array.from({ length: Math.floor((last - begin) / step) + 1 }, (_, index) => begin + index * step);
  }
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
