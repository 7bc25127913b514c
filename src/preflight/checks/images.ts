import { isShared } from '../../docker/compose.js';
import { imageId } from '../../docker/image.js';
import { dockerCommand } from '../../docker/registry-login.js';
import { sqliteSettings } from '../../model/settings.js';
import { error, type Check, type Said } from '../check.js';
import type { World } from '../world.js';

export const images: Check = {
  name: 'images',
  looksAt: "the release's image and those of the services without a profile exist, on the host or in the registry",
  run: async (world) => {
    const { settings, config, image } = world;
    const shared = Object.values(config.services).filter((service) => isShared(service) && !service.build);
    const wanted = [
      settings.build || image === null ? [] : image,
      sqliteSettings(settings) ? settings.toolImage : [],
      shared.map((service) => service.image ?? []),
    ];
    const found = await Promise.all([...new Set(wanted.flat(3))].map((reference) => missing(world, reference)));
    return found.flat();
  },
};

async function missing({ host, settings }: World, reference: string): Promise<readonly Said[]> {
  if (await imageId(host.docker, reference)) return [];
  const wrongTag = /(?:^|\/)litestream\/litestream:v(\d[\w.]*)$/.exec(reference);
  if (wrongTag)
    return [
      error(
        `The image ${reference} does not exist: Litestream's tags have no v.`,
        `Use litestream/litestream:${wrongTag[1]}.`,
      ),
    ];
  const argv = await dockerCommand(host, settings, ['manifest', 'inspect', reference]);
  const { exitCode, stderr } = await host.tryRun({ argv }, { timeoutMs: 15_000 });
  if (exitCode === 0) return [];
  if (/no such manifest|manifest unknown|not found|denied/i.test(stderr) && !/no such host|dial tcp/i.test(stderr)) {
    return [
      error(
        `The image ${reference} is neither on the host nor in its registry.`,
        'Build and push it, check its tag, or log in to the registry.',
      ),
    ];
  }
  return [
    error(
      `The image ${reference} is not on the host and its registry does not answer.`,
      'Check the network and the registry’s name, or load the image.',
    ),
  ];
}
