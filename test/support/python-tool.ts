import { execa } from 'execa';
import type { ToolRunner } from '../../src/database/sqlite.js';

/** Runs the database tool with this machine's own Python instead of in a container. */
export const pythonTool: ToolRunner = async ({ argv: [file, ...args] }) => {
  const { exitCode, stdout, stderr } = await execa(file, args, { reject: false });
  return { exitCode: exitCode ?? -1, stdout, stderr };
};
