import { posix } from 'node:path';
import type Docker from 'dockerode';
import type { ComposeConfig, ComposeFileMount, ComposeService } from './compose.js';

/** A file or directory of the host that a service has mounted. */
export interface Bind {
  readonly source: string;
  readonly target: string;
}

/** The service's variables as its containers get them; one without a value is not set. Contains secrets: never to be shown. */
export function variablesOf({ environment }: ComposeService): Map<string, string> {
  const set = Object.entries(environment ?? {}).filter((entry): entry is [string, string] => entry[1] !== null);
  return new Map(set.map(([name, value]) => [name, unescaped(String(value))]));
}

/** The same as `NAME=value`. */
export function environmentOf(service: ComposeService): string[] {
  return [...variablesOf(service)].map(([name, value]) => `${name}=${value}`);
}

/** Files and directories of the host that it has mounted, configs and secrets included. Sockets are left out. */
export function bindsOf(config: ComposeConfig, service: ComposeService): Bind[] {
  const binds = (service.volumes ?? []).flatMap(({ type, source, target }) =>
    type === 'bind' && source && !source.endsWith('.sock') ? [{ source, target }] : [],
  );
  return [
    ...binds,
    ...filesOf(service.configs, config.configs, '/'),
    ...filesOf(service.secrets, config.secrets, '/run/secrets/'),
  ];
}

/** What another one of it would join: its networks by the engine's names. */
export function networksOf(config: ComposeConfig, { network_mode, networks }: ComposeService): string[] {
  if (network_mode) return [network_mode];
  return Object.keys(networks ?? {}).flatMap((name) => config.networks?.[name]?.name ?? []);
}

/** Its own health check in the engine's words; `null`: the image's own counts. */
export function healthcheckOf({ healthcheck }: ComposeService): Docker.HealthConfig | null {
  if (!healthcheck?.test) return null;
  const { test, interval, timeout, start_period, start_interval, retries } = healthcheck;
  return {
    Test: test.map(unescaped),
    ...(interval ? { Interval: nanoseconds(interval) } : {}),
    ...(timeout ? { Timeout: nanoseconds(timeout) } : {}),
    ...(start_period ? { StartPeriod: nanoseconds(start_period) } : {}),
    ...(start_interval ? { StartInterval: nanoseconds(start_interval) } : {}),
    ...(retries ? { Retries: retries } : {}),
  };
}

/** Entrypoint and command; `null`: those of the image. */
export function commandOf({ entrypoint, command }: ComposeService): {
  readonly entrypoint: string[] | null;
  readonly command: string[] | null;
} {
  return { entrypoint: entrypoint?.map(unescaped) ?? null, command: command?.map(unescaped) ?? null };
}

function filesOf(
  mounts: readonly ComposeFileMount[] | undefined,
  files: ComposeConfig['configs'],
  directory: string,
): Bind[] {
  return (mounts ?? []).flatMap(({ source, target }) => {
    const file = files?.[source]?.file;
    return file ? [{ source: file, target: posix.resolve(directory, target ?? source) }] : [];
  });
}

/** `docker compose config` writes a dollar as two, so that its output can be read by Compose again. */
function unescaped(text: string): string {
  return text.replaceAll('$$', () => '$');
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Of a duration as Compose prints it: `1m30s`, `1.5s`. */
function nanoseconds(duration: string): number {
  const parts = [...duration.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0), 0));
}
