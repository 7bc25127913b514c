import { open, type FileHandle } from 'node:fs/promises';

/** Thrown for a file that holds more than is read of its kind; nothing of it was looked at. */
export class FileTooLargeError extends Error {
  override readonly name = 'FileTooLargeError';
  /** Without the file's name. */
  readonly problem: string;

  constructor(path: string, { found, limit }: { readonly found: number; readonly limit: number }) {
    const problem = tooLarge(found, limit);
    super(`${path} ${problem}`);
    this.problem = problem;
  }
}

/** `has 10.0 MiB, and no more than 1 MiB is read`. */
export function tooLarge(found: number, limit: number): string {
  return `has ${mebibytes(found)} MiB, and no more than ${limit >> 20} MiB is read`;
}

/** Rounded up, so that it is never the limit itself. */
function mebibytes(bytes: number): string {
  return (Math.ceil((bytes / (1 << 20)) * 10) / 10).toFixed(1);
}

/**
 * The text of a file on this machine. What has no size of its own, such as a device, is read up to the limit.
 *
 * @param limit in bytes.
 * @throws {FileTooLargeError} before anything is read of a file that is larger.
 */
export async function readBounded(path: string, limit: number): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > limit) throw new FileTooLargeError(path, { found: size, limit });
    const content = await readUpTo(file, limit + 1);
    if (content.length > limit) throw new FileTooLargeError(path, { found: content.length, limit });
    return content.toString('utf8');
  } finally {
    await file.close();
  }
}

async function readUpTo(file: FileHandle, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let length = 0; length < most;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(most - length, 1 << 16)));
    if (bytesRead === 0) break;
    pieces.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(pieces);
}
