import { statusPath } from './nginx-config.js';
import type { Directive } from './nginx-syntax.js';
import { destinationOf, everything, isPass, tell } from './served-slots.js';
import { namesSlot, type Scene } from './takeover-scene.js';

/** Files of the config directory whose content goes into snippets. */
export interface TakenFiles {
  /** Absolute; nginx reads each by an `include` that is in none of them. */
  readonly files: ReadonlySet<string>;
  /** What they hold, in nginx's order. */
  readonly directives: readonly Directive[];
}

/**
 * The file that pointsman writes, where the user has written it, and each other one beside it that sends requests to a slot or
 * names one: an upstream with the name of a slot that is stopped keeps nginx from loading anything. Others stay as they are.
 */
export function takenFiles(scene: Scene): TakenFiles {
  const own = `${scene.router.configDirectory}/default.conf`;
  const concerned = scene.http.filter((one) => isConcerned(one, scene));
  const elsewhere = concerned.filter((one) => fileInDirectory(one, scene) === null);
  if (elsewhere.length > 0) scene.byHand.push(moveHere(elsewhere, scene));
  const files = new Set(concerned.flatMap((one) => fileInDirectory(one, scene) ?? []));
  if (scene.http.some((one) => fileInDirectory(one, scene) === own)) files.add(own);
  if (isPointsmans(scene, own)) files.delete(own);
  return { files, directives: scene.http.filter((one) => files.has(fileInDirectory(one, scene) ?? '')) };
}

/** The `include` of a taken file that a directive comes from; `null`: it stands in that file itself. */
export function includeIn(files: ReadonlySet<string>, { via = [] }: Directive): Directive | null {
  return via.find(({ file }) => files.has(file)) ?? null;
}

/** The file of the config directory that brings a directive; `null` where none does. */
function fileInDirectory({ file, via = [] }: Directive, { router }: Scene): string | null {
  const chain = [...via.map((include) => include.file), file];
  return chain.find((name) => name.replace(/\/[^/]*$/, '') === router.configDirectory) ?? null;
}

function isConcerned(one: Directive, scene: Scene): boolean {
  if (namesSlot(one, scene.names)) return true;
  if (one.name !== 'server') return false;
  return everything(one.block ?? []).some(
    (pass) => isPass(pass) && destinationOf(pass, { ...scene, server: one }).to.length > 0,
  );
}

function isPointsmans({ http }: Scene, own: string): boolean {
  return http.some(
    ({ name, file, block }) =>
      name === 'server' &&
      file === own &&
      block?.some((inner) => inner.name === 'location' && inner.args.join(' ') === `= ${statusPath}`),
  );
}

function moveHere(elsewhere: readonly Directive[], { router }: Scene): string {
  const { configDirectory, service } = router;
  return (
    `${elsewhere.map(tell).join('; ')}: this stands in a file that pointsman does not replace. Mount a directory at ` +
    `${configDirectory} of ${service}, move these to a file default.conf in it, write "include ${configDirectory}/*.conf;" ` +
    `in their place within http, start ${service} anew, and adopt again.`
  );
}
