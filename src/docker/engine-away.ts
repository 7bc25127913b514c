import { EngineWentAwayError } from './engine-watch.js';

/** How Node names what keeps it from opening the engine's socket. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'it is not there',
  EACCES: 'no permission to use it',
};

/** Why the Docker engine of this machine cannot be asked, for a person; `null` when that is not what an error tells. */
export function whyEngineIsAway(error: unknown): string | null {
  if (error instanceof EngineWentAwayError) return `${error.message}. Ask again once it runs.`;
  const { syscall, address, code = '' } = error as NodeJS.ErrnoException & { readonly address?: string };
  const reason = reasons[code];
  if (syscall !== 'connect' || !address?.startsWith('/') || reason === undefined) return null;
  const fix =
    code === 'EACCES'
      ? 'Add the user to the docker group and log in again.'
      : 'Start Docker Engine (systemctl start docker); a deploy that runs waits for it.';
  return `Docker does not answer at ${address}: ${reason}. ${fix}`;
}
