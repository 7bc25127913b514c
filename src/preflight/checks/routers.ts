import { findContainer } from '../../docker/container.js';
import { hasOtherRouters, routersOf } from '../../model/routers.js';
import { askRouters, outOfStep } from '../../router/all-routers.js';
import { error, warning, type Check, type Said } from '../check.js';
import { serviceOf, type World } from '../world.js';

/** What is looked at in the router is looked at in each of them. */
export function ofEachRouter(check: Check): Check {
  const run = async (world: World): Promise<Said[]> => {
    const [primary, ...others] = routersOf(world.settings);
    const found = [...(await check.run({ ...world, settings: primary }))];
    for (const settings of others) {
      const { service } = settings.router;
      const router = await findContainer(world.host.docker, settings.project, service);
      const said = await check.run({ ...world, settings, router });
      found.push(...said.map((one) => ({ ...one, message: naming(service, one.message) })));
    }
    return found;
  };
  return { ...check, run };
}

function naming(service: string, message: string): string {
  return message.includes(service) ? message : `${service}: ${message}`;
}

export const otherRouters: Check = {
  name: 'routers',
  looksAt: 'of several routers, each has a config directory of its own, and serves what the primary serves',
  run: async (world) => {
    if (!hasOtherRouters(world.settings)) return [];
    const behind = outOfStep(await askRouters(world.host, world.settings)).map((line) =>
      warning(`${line.charAt(0).toUpperCase()}${line.slice(1)}.`, 'This puts it in step first.'),
    );
    return [...sharedDirectories(world), ...behind];
  },
};

function sharedDirectories(world: World): Said[] {
  const owners = new Map<string, string>();
  return routersOf(world.settings).flatMap(({ router: { service, configDirectory } }) => {
    const mount = serviceOf(world, service)?.volumes?.find(({ target }) => target === configDirectory);
    if (mount?.source === undefined) return [];
    const owner = owners.get(mount.source);
    owners.set(mount.source, owner ?? service);
    if (owner === undefined) return [];
    const message = `The routers ${owner} and ${service} have one config directory, ${mount.source}.`;
    return [error(message, `Mount another one in ${service}: each would replace what the other one serves.`)];
  });
}
