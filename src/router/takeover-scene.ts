import type { Slot } from '../model/slot.js';
import type { Directive } from './nginx-syntax.js';
import { everything, leadsTo, type SlotNames } from './served-slots.js';
import type { KeptDirective, TakeoverFacts } from './takeover.js';

/** What one takeover is worked out from, and what is noted on the way. */
export interface Scene extends TakeoverFacts {
  /** All that stands within `http`, whichever file it is in. */
  readonly http: readonly Directive[];
  readonly kept: KeptDirective[];
  readonly byHand: string[];
  /** What a changed directive was before. */
  readonly origin: WeakMap<Directive, Directive>;
}

/** A directive of our own. It stands nowhere yet. */
export function directive(name: string, args: readonly string[], block: readonly Directive[] | null = null): Directive {
  return { name, args, file: '', line: 0, block };
}

/** The same directive, changed; the same one, where nothing is. */
export function changed(
  scene: Scene,
  one: Directive,
  { args = one.args, block = one.block }: Partial<Pick<Directive, 'args' | 'block'>>,
): Directive {
  const same = args === one.args && (block === one.block || block?.every((inner, at) => inner === one.block?.[at]));
  if (same && block?.length === one.block?.length) return one;
  const next = { ...one, args, block };
  scene.origin.set(next, scene.origin.get(one) ?? one);
  return next;
}

/** The directives of a name that count at the innermost of these levels: one level that has some hides all further out. */
export function effective(name: string, levels: readonly (readonly Directive[])[]): readonly Directive[] {
  const level = levels.find((directives) => directives.some((one) => one.name === name)) ?? [];
  return level.filter((one) => one.name === name);
}

/** Directives that give a variable its value. */
export function isDefinition({ name }: Directive): boolean {
  return ['set', 'map', 'geo', 'split_clients'].includes(name);
}

export function variableOf({ name, args }: Directive): string {
  return (name === 'set' ? args[0] : args.at(-1)) ?? '';
}

/** Whether a directive, or one within it, names a slot as an address. */
export function namesSlot(one: Directive, names: Readonly<Record<Slot, SlotNames>>): boolean {
  return everything([one]).some((inner) => addressesIn(inner).some((address) => isOfSlot(address, names)));
}

export function isOfSlot(address: string, names: Readonly<Record<Slot, SlotNames>>): boolean {
  return leadsTo(address, names.blue) || leadsTo(address, names.green);
}

function addressesIn(one: Directive): string[] {
  const { name, args, block } = one;
  if (name === 'upstream') return (block ?? []).filter((inner) => inner.name === 'server').map(firstOf);
  if (name.endsWith('_pass')) return [place(firstOf(one))];
  if (name === 'set') return [place(args[1] ?? '')];
  return isDefinition(one) ? (block ?? []).map(firstOf).map(place) : [];
}

function firstOf({ args }: Directive): string {
  return args[0] ?? '';
}

/** Host and port of a URL. */
export function place(url: string): string {
  return url.replace(/^\w+:\/\//, '').replace(/[/?].*$/s, '');
}
