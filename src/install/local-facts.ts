import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { InstallError } from './install-error.js';

/** A program of this machine that could be shipped. */
export interface LocalProgram {
  readonly path: string;
  /** Whose machine code it is, as `uname -m` says it; `null` when it is no Linux program. */
  readonly machine: string | null;
}

export interface LocalNode extends LocalProgram {
  /** As `node --version` prints it. */
  readonly version: string;
  readonly glibc: boolean;
}

export interface LocalTemporal extends LocalProgram {
  readonly sha256: string;
  /** A person named this very file: it goes before what the server has. */
  readonly demanded: boolean;
}

/** What this machine could ship. */
export interface LocalFacts {
  readonly node: LocalNode;
  readonly temporal: LocalTemporal | null;
}

export interface TemporalFile {
  readonly path: string;
  readonly demanded: boolean;
}

export async function gatherLocalFacts(temporal: TemporalFile | null): Promise<LocalFacts> {
  const path = process.execPath;
  const header = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header;
  const node = { path, version: process.version, machine: await elfMachine(path) };
  return {
    node: { ...node, glibc: header.glibcVersionRuntime !== undefined },
    temporal: temporal ? await temporalFacts(temporal) : null,
  };
}

async function temporalFacts({ path, demanded }: TemporalFile): Promise<LocalTemporal> {
  try {
    return { path, demanded, machine: await elfMachine(path), sha256: await sha256Of(path) };
  } catch (error) {
    throw new InstallError('refused', `the Temporal CLI ${path} cannot be read: ${(error as Error).message}`);
  }
}

const machines = new Map([
  [0x3e, 'x86_64'],
  [0xb7, 'aarch64'],
]);

/** Linux programs are ELF files, whose 19th and 20th byte name the machine. */
async function elfMachine(path: string): Promise<string | null> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
    const elf = bytesRead === 20 && buffer.toString('latin1', 0, 4) === '\x7fELF';
    return elf ? (machines.get(buffer.readUInt16LE(18)) ?? null) : null;
  } finally {
    await file.close();
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}
