import { isConflict } from './container.js';

/** What the engine's own sentence means for whoever reads it; the first that fits counts. */
const meanings: readonly (readonly [sentence: RegExp, meaning: string])[] = [
  [/No such container/i, 'a container is not there any more'],
  [/No such image/i, 'an image is not there any more'],
  [/no such volume/i, 'a volume is not there any more'],
  [/network .* not found/i, 'a network is not there any more'],
  [/is not running|is restarting/i, 'a container does not run'],
  [/marked for removal|is already in progress/i, 'a container is being removed'],
  [/image is (being )?used|image has dependent child/i, 'an image is still in use'],
  [/volume is in use/i, 'a volume is still in use'],
  [/has active endpoints/i, 'a network is still in use'],
  [/is already in use by container/i, 'a container of that name is there already'],
  [/no space left on device/i, 'the disk is full: free some space (docker system df)'],
  [/port is already allocated|address already in use/i, 'a port is taken by another program'],
];

interface Refusal extends Error {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | null;
}

/**
 * What the engine has refused, in our words; what they do not cover is quoted without the way it came. `null`: the error is no
 * answer of the engine's.
 */
export function whyEngineRefused(error: unknown): string | null {
  const { statusCode, json, message = '' } = error as Refusal;
  if (typeof statusCode !== 'number') return null;
  const sentence = json?.message ?? message.replace(/^\(HTTP code \d+\) [^-]*- /, '');
  const known = meanings.find(([pattern]) => pattern.test(sentence));
  return `Docker could not do it: ${known ? known[1] : `it says "${sentence.trim()}"`}`;
}

/** Whether the engine was asked for something of a container that does not run: nothing of it is there, and nothing is wrong. */
export function isNotRunning(error: unknown): boolean {
  const { message = '' } = error as Refusal;
  return isConflict(error) && /is not running|is restarting/.test(message);
}
