import { initProject, type InitOptions } from '../../config/init.js';
import { composeOn } from '../ask-compose.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';

export async function initCommand(session: Session, options: InitOptions): Promise<ExitCode> {
  const { written, kept, nextSteps } = await initProject(process.cwd(), {
    ...options,
    askCompose: composeOn(session.here),
  });
  for (const file of written) session.output.print(`wrote ${file}`);
  for (const file of kept) session.output.print(`kept ${file}: it exists already`);
  for (const step of nextSteps) session.output.print(`next: ${step}`);
  return exitCodes.succeeded;
}
