import { isShared } from '../../docker/compose.js';
import { execIn } from '../../docker/container.js';
import { Nginx } from '../../router/nginx.js';
import { error, warning, type Check } from '../check.js';
import { serviceOf } from '../world.js';

export const routerService: Check = {
  name: 'router',
  looksAt:
    'the router service exists, has no profile, does not depend on a slot, and its config lives in a mounted directory',
  run: (world) => {
    const { service: name, configDirectory } = world.settings.router;
    const service = serviceOf(world, name);
    if (!service)
      return [
        error(`The compose file has no router service ${name}.`, 'Add it, or set router.service in pointsman.yml.'),
      ];
    const found = [];
    if (!isShared(service)) {
      found.push(
        error(`The router ${name} is in a profile.`, 'Remove it: the router must stay up whichever slot is live.'),
      );
    }
    const slots = Object.values(world.settings.slots).filter((slot) => slot in (service.depends_on ?? {}));
    if (slots.length > 0)
      found.push(
        error(
          `The router ${name} depends on ${slots.join(' and ')}.`,
          'Remove depends_on: a slot that is stopped must not matter to the router.',
        ),
      );
    const mounts = service.volumes ?? [];
    const single = mounts.find(({ target }) => target.startsWith(`${configDirectory}/`));
    if (single) {
      found.push(
        error(
          `The router mounts the single file ${single.target}.`,
          `Mount the directory ${configDirectory}: a mounted file stays the old one for ever after a rename.`,
        ),
      );
    } else if (!mounts.some(({ target, read_only }) => target === configDirectory && !read_only)) {
      found.push(
        error(
          `The router mounts nothing writable at ${configDirectory}.`,
          `Add a volume there, for example "router-config:${configDirectory}".`,
        ),
      );
    }
    return found;
  },
};

export const routerHealth: Check = {
  name: 'router-health',
  looksAt: 'a router that runs is healthy, and its nginx is recent enough to reload without resets',
  run: async ({ host, settings, router }) => {
    if (!router?.running) return [];
    const found = [];
    const nginx = await Nginx.find(host, settings);
    const { exitCode, stderr } = await execIn(host.docker, router.id, ['nginx', '-t']);
    // A config that is missing altogether is no reason to refuse: the deploy writes one. A test that says nothing was
    // ended with the router, and found nothing.
    if (exitCode !== 0 && stderr.trim() !== '' && (await nginx?.readConfig())) {
      const reason = stderr.split('\n').find((line) => line.includes('[emerg]')) ?? stderr.trim();
      found.push(
        error(
          `nginx refuses the router's present config: ${reason.replace(/^.*\[emerg\] (\d+#\d+: )?/, '')}.`,
          'Mend it first: nginx would refuse the new one too.',
        ),
      );
    }
    if (nginx && !(await nginx.isModern())) {
      found.push(
        warning(
          "The router's nginx is older than 1.27.4: a reload may reset some kept connections.",
          'Use nginx 1.28 or later.',
        ),
      );
    }
    return found;
  },
};
