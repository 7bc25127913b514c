import semver from 'semver';
import { imageId } from '../../docker/image.js';
import { serviceOf, type World } from '../world.js';

/** How Litestream reads its config: the two lines that people run. */
export type Line = '0.3' | '0.5';

export interface Version {
  readonly text: string;
  /** `null`: a version that pointsman does not know the ways of. */
  readonly line: Line | null;
}

/**
 * The version that the replica's service runs: from its image's tag, else asked of the image.
 *
 * @returns `null` where neither tells, as with an image that is not on the host yet.
 */
export async function litestreamVersion(world: World): Promise<Version | null> {
  const image = serviceOf(world, world.settings.replica?.service ?? '')?.image;
  if (image === undefined) return null;
  const text = versionOfTag(image) ?? (await askImage(world, image));
  return text === null ? null : { text, line: lineOf(text) };
}

export function versionOfTag(image: string): string | null {
  return (
    /(?:^|\/)litestream:v?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc|test)[\w.]*)?)(?:-[\w.]+)?(?:@.*)?$/.exec(image)?.[1] ??
    null
  );
}

export function lineOf(text: string): Line | null {
  const version = semver.parse(text);
  if (!version || version.prerelease.length > 0 || version.major !== 0) return null;
  if (version.minor === 5) return '0.5';
  return version.minor === 3 && version.patch >= 13 ? '0.3' : null;
}

/** In a container without a network, which is gone when it has answered. */
async function askImage({ host }: World, image: string): Promise<string | null> {
  if (!(await imageId(host.docker, image))) return null;
  const run = ['docker', 'run', '--rm', '--pull', 'never', '--network', 'none', '--entrypoint', 'litestream'] as const;
  const { exitCode, stdout } = await host.tryRun({ argv: [...run, image, 'version'] }, { timeoutMs: 60_000 });
  return exitCode === 0 ? (/v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1] ?? null) : null;
}
