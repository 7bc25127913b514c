import { execIn } from '../../docker/container.js';
import { Nginx } from '../../router/nginx.js';
import { error, warning, type Check } from '../check.js';
import { serviceOf } from '../world.js';

export const routerCanary: Check = {
  name: 'router-canary',
  looksAt: 'the router can serve two releases at once, where a canary or a look before the switch is configured',
  run: async ({ host, settings, router }) => {
    const wanted = settings.canary ? 'canary' : settings.approval?.when === 'before-switch' ? 'approval' : null;
    // One that does not run cannot tell; the step that needs it looks again.
    if (!wanted || !router?.running) return [];
    const nginx = await Nginx.find(host, settings);
    if (!nginx || (await nginx.isModern())) return [];
    const version = (await nginx.version()) ?? 'of a version that it does not tell';
    return [
      error(
        `${wanted} needs nginx 1.27.4 or later in the router, and it has ${version}.`,
        `Use nginx 1.28 or later, or remove ${wanted}: an older one does not start while one of two slots is stopped.`,
      ),
    ];
  },
};

export const routerSnippets: Check = {
  name: 'router-snippets',
  looksAt: 'the directory router.snippets is there in the router: nginx is silent about one that is not',
  run: async (world) => {
    const { host, settings, router } = world;
    const { snippets, service } = settings.router;
    if (snippets === undefined) return [];
    const mounts = serviceOf(world, service)?.volumes ?? [];
    const mounted = mounts.some(({ target }) => snippets === target || snippets.startsWith(`${target}/`));
    const fix = `Mount it, for example "./router-snippets:${snippets}:ro", and start the router anew.`;
    if (router?.running) {
      const { exitCode } = await execIn(host.docker, router.id, ['test', '-d', snippets]);
      return exitCode === 0 ? [] : [error(`The router ${service} has no directory ${snippets}.`, fix)];
    }
    if (mounted) return [];
    return [warning(`The router ${service} mounts nothing at ${snippets}: its image may have it, or not.`, fix)];
  },
};
