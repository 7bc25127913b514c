import { findContainer } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { slots, type Slot } from '../model/slot.js';
import type { Directive } from './nginx-syntax.js';
import { serversOf, serversOn, waysOf, type SlotNames, type Way } from './served-slots.js';

/**
 * Where a config that somebody has written by hand sends the requests of the router's port; of any port, if none listens there
 * or nothing there is sent anywhere, as where plain HTTP is only told to come back over TLS.
 *
 * @param names as {@link namesOfSlots} tells them.
 */
export function waysToSlots(
  { router }: Pick<Settings, 'router'>,
  tree: readonly Directive[],
  names: Readonly<Record<Slot, SlotNames>>,
): Way[] {
  const ways = waysOf(serversOn(tree, router.port), tree, names);
  return ways.length > 0 ? ways : waysOf(serversOf(tree), tree, names);
}

/** By what each slot can be named in a config. */
export async function namesOfSlots(host: Host, settings: Settings): Promise<Record<Slot, SlotNames>> {
  const [blue, green] = await Promise.all(slots.map((slot) => namesOf(host, settings, settings.slots[slot])));
  const none = { hosts: [], ports: [] };
  return { blue: blue ?? none, green: green ?? none };
}

/** By what a service can be reached: also where its container is not there yet, by the names that Compose would give. */
async function namesOf({ docker }: Host, { project }: Settings, service: string): Promise<SlotNames> {
  const usual = [service, `${project}-${service}-1`, `${project}_${service}_1`];
  const container = await findContainer(docker, project, service);
  if (!container) return { hosts: usual, ports: [] };
  const { Name, NetworkSettings } = await docker.getContainer(container.id).inspect();
  const networks = Object.values(NetworkSettings.Networks ?? {});
  const bindings = Object.values(NetworkSettings.Ports ?? {}).flatMap((ports) => ports ?? []);
  const told = networks.flatMap(({ Aliases, IPAddress, GlobalIPv6Address }) => [
    ...((Aliases as string[] | null) ?? []),
    IPAddress,
    GlobalIPv6Address,
  ]);
  const hosts = [...usual, Name.replace(/^\//, ''), ...told].filter(Boolean).map((name) => name.toLowerCase());
  const isOverIpv6 = ({ HostIp }: Binding): boolean => HostIp.includes(':');
  const overIpv6 = portsOf(bindings.filter(isOverIpv6));
  return {
    hosts: [...new Set(hosts)],
    ports: portsOf(bindings.filter((one) => !isOverIpv6(one))),
    ...(overIpv6.length > 0 ? { portsOverIpv6: overIpv6 } : {}),
  };
}

interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

function portsOf(bindings: readonly Binding[]): number[] {
  return bindings.map(({ HostPort }) => Number(HostPort)).filter(Boolean);
}
