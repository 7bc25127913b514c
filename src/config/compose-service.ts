import { asMap, type ServiceView } from './compose-view.js';

/** One mount of a service, written short (`app-data:/app/data`) or long. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export function profilesOf({ values }: ServiceView): string[] {
  return Array.isArray(values['profiles']) ? values['profiles'].map(String) : [];
}

/** `depends_on` is a list of names, or a map from them to conditions. */
export function dependenciesOf({ values }: ServiceView): string[] {
  const dependencies = values['depends_on'];
  return Array.isArray(dependencies) ? dependencies.map(String) : Object.keys(asMap(dependencies));
}

export function hasHealthCheck({ values }: ServiceView): boolean {
  const { test, disable } = asMap(values['healthcheck']) as { test?: unknown; disable?: unknown };
  const [first] = Array.isArray(test) ? (test as unknown[]) : [test];
  return disable !== true && first !== undefined && first !== null && first !== 'NONE';
}

export function imageOfService({ values }: ServiceView): string | null {
  return typeof values['image'] === 'string' ? values['image'] : null;
}

export function mountsOf({ values }: ServiceView): Mount[] {
  const volumes = Array.isArray(values['volumes']) ? (values['volumes'] as unknown[]) : [];
  return volumes.map(mountOf);
}

function mountOf(written: unknown): Mount {
  if (typeof written === 'string') {
    const [source = '', target = source, mode = ''] = withDefaults(written).split(':');
    return { source, target: trimmed(target), readOnly: mode.split(',').includes('ro') };
  }
  const { source, target, read_only: readOnly } = asMap(written) as Record<string, unknown>;
  return {
    source: typeof source === 'string' ? withDefaults(source) : '',
    target: typeof target === 'string' ? trimmed(withDefaults(target)) : '',
    readOnly: readOnly === true,
  };
}

/** A variable's value is known on the host only; its default is the best guess at what the writer meant. */
function withDefaults(text: string): string {
  return text.replace(/\$\{\w+:?-([^}]*)\}/g, '$1').replace(/\$\{[^}]*\}/g, '$');
}

function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
