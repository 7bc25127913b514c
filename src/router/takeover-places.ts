import type { Directive } from './nginx-syntax.js';
import { everything, tell } from './served-slots.js';
import { includeIn, type TakenFiles } from './taken-files.js';
import { changed, directive, isDefinition, variableOf, type Scene } from './takeover-scene.js';
import type { KeptDirective } from './takeover.js';

/** What goes into the snippet of each level. */
export interface Places {
  readonly http: readonly Directive[];
  readonly server: readonly Directive[];
  readonly location: readonly Directive[];
}

/** Without variables that only what is gone has asked for: most have said which slot is live. */
export function withoutUnused(places: Places, taken: TakenFiles, scene: Scene): Places {
  const asked = (variable: string, all: readonly Directive[]): boolean =>
    everything(all).some((one) => asks(one, variable));
  const others = scene.http.filter((one) => !taken.directives.includes(one));
  let now = places;
  for (;;) {
    const all = [...others, ...now.http, ...now.server, ...now.location];
    const unused = everything(all).filter(
      (one) => isDefinition(one) && one.line > 0 && !asked(variableOf(one), all) && asked(variableOf(one), scene.http),
    );
    const gone = new Set(unused.filter((one) => !everything(others).includes(one)));
    if (gone.size === 0) return now;
    scene.kept.push(
      ...[...gone].map((one) => ({ told: tell(one), to: 'not needed: only the way to a slot has asked for it' })),
    );
    const without = (list: readonly Directive[]): Directive[] => withoutThese(list, gone, scene);
    now = { http: without(now.http), server: without(now.server), location: without(now.location) };
  }
}

function asks(one: Directive, variable: string): boolean {
  const name = variable.slice(1);
  const args = one.name === 'set' ? one.args.slice(1) : isDefinition(one) ? one.args.slice(0, -1) : one.args;
  return args.some((arg) => new RegExp(String.raw`\$(?:\{${name}\}|${name}(?!\w))`).test(arg));
}

function withoutThese(list: readonly Directive[], gone: ReadonlySet<Directive>, scene: Scene): Directive[] {
  return list
    .filter((one) => !gone.has(one))
    .map((one) => (one.block ? changed(scene, one, { block: withoutThese(one.block, gone, scene) }) : one));
}

/** The same with `include`s where the user had some, as far as what they bring is unchanged: those files stay the user's. */
export function withIncludes(places: Places, taken: TakenFiles, scene: Scene): Places {
  const include = new Includes(taken, scene);
  return { http: include.in(places.http), server: include.in(places.server), location: include.in(places.location) };
}

class Includes {
  private readonly files: ReadonlySet<string>;
  private readonly scene: Scene;
  private readonly brought = new Map<Directive, Directive[]>();
  private readonly told = new Set<Directive>();

  constructor({ files, directives }: TakenFiles, scene: Scene) {
    this.files = files;
    this.scene = scene;
    for (const one of everything(directives)) {
      const include = includeIn(files, one);
      // What stands in a block that is brought has come with it.
      if (include) this.brought.set(include, [...(this.brought.get(include) ?? []), one]);
    }
  }

  in(list: readonly Directive[]): Directive[] {
    return list.flatMap((one, at) => {
      const include = this.includeOf(one);
      if (!include) return [{ ...one, block: one.block && this.in(one.block) }];
      if (!this.isWhole(include, list)) {
        this.tellWrittenOut(include);
        return [{ ...one, block: one.block && this.in(one.block) }];
      }
      const before = list[at - 1];
      return before && this.includeOf(before) === include ? [] : [directive('include', include.args)];
    });
  }

  private includeOf(one: Directive): Directive | null {
    return includeIn(this.files, one);
  }

  private isWhole(include: Directive, list: readonly Directive[]): boolean {
    const brought = this.brought.get(include) ?? [];
    return brought.every((one) => list.includes(one));
  }

  private tellWrittenOut(include: Directive): void {
    if (this.told.has(include)) return;
    this.told.add(include);
    this.scene.kept.push({ told: tell(include), to: 'written out: a switch is in it, which is pointsman’s now' });
  }
}

/** Each directive of the user's with its place; a server and a location as one, with all in it. */
export function keptInPlaces({ http, server, location }: Places, scene: Scene): KeptDirective[] {
  const of = (list: readonly Directive[], level: string): KeptDirective[] =>
    list.filter(({ line }) => line > 0).map((one) => ({ told: tell(one), to: `${level}/adopted.conf` }));
  return [...scene.kept, ...of(http, 'http'), ...of(server, 'server'), ...of(location, 'location')];
}
