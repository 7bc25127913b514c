import type Docker from 'dockerode';
import { onTestFinished } from 'vitest';
import type { Host } from '../../src/hosts/host.js';

/** A host that holds a command in a container back, as if whoever asks for it were asleep. */
export interface HeldHost {
  readonly host: Host;
  /** Resolved once the command is about to be sent. */
  readonly held: Promise<void>;
  readonly letGo: () => void;
}

/** @param isHeld which command; the first such one waits, and all others go through. */
export function heldHost(host: Host, isHeld: (argv: readonly string[]) => boolean): HeldHost {
  let [arrive, letGo] = [(): void => undefined, (): void => undefined];
  const held = new Promise<void>((resolve) => (arrive = resolve));
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  onTestFinished(() => letGo());
  let waited = false;
  const exec = async (container: Docker.Container, options: Docker.ExecCreateOptions): Promise<Docker.Exec> => {
    if (!waited && isHeld(options.Cmd ?? [])) {
      waited = true;
      arrive();
      await gate;
    }
    return container.exec(options);
  };
  const container = (id: string): Docker.Container => {
    const real = host.docker.getContainer(id);
    return changed(real, { exec: ((options) => exec(real, options)) as Docker.Container['exec'] });
  };
  const docker = changed(host.docker, { getContainer: container });
  return { host: changed(host, { docker }), held, letGo };
}

/** The same object, but for some of its members. */
function changed<Thing extends object>(thing: Thing, members: Partial<Thing>): Thing {
  return new Proxy(thing, {
    get: (_, name) => {
      if (name in members) return Reflect.get(members, name) as unknown;
      const member = Reflect.get(thing, name) as unknown;
      return typeof member === 'function' ? (member.bind(thing) as unknown) : member;
    },
  });
}
