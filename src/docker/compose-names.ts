import { parse } from 'yaml';

/** What a Compose file calls things. */
export interface ComposeNames {
  /** Of services and of what they share, of containers, hosts, networks, profiles, and the places of volumes. */
  readonly names: readonly string[];
  /** References of images, with variables in them as they are written. */
  readonly images: readonly string[];
}

/**
 * Names in the text of a Compose file, as it is written: with its variables filled in, a secret could be among them. None where it
 * is not YAML, which Compose itself reports.
 */
export function composeNames(text: string): ComposeNames {
  const { services, ...file } = mapOf(parsed(text));
  const shared = ['volumes', 'networks', 'configs', 'secrets'].flatMap((section) => Object.keys(mapOf(file[section])));
  const each = Object.values(mapOf(services)).map((service) => namesIn(mapOf(service)));
  return {
    names: [...Object.keys(mapOf(services)), ...shared, ...texts(file['name']), ...each.flatMap(({ names }) => names)],
    images: each.flatMap(({ images }) => images),
  };
}

function namesIn({ image, container_name, hostname, profiles, volumes, networks }: Fields): ComposeNames {
  const aliases = Object.values(mapOf(networks)).flatMap((network) => texts(mapOf(network)['aliases']));
  const mounts = listOf(volumes).flatMap((volume) =>
    typeof volume === 'string' ? volume.split(':') : texts(mapOf(volume)['target']),
  );
  return {
    names: [...[container_name, hostname, profiles].flatMap(texts), ...aliases, ...mounts],
    images: texts(image),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(text: string): unknown {
  try {
    return parse(text, { merge: true, logLevel: 'error' });
  } catch {
    return null;
  }
}

function mapOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** A text, or each of a list. */
function texts(value: unknown): string[] {
  return listOf(value).filter((one) => typeof one === 'string');
}
