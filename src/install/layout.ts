/** What lies where on a server that `pointsman host install` has set up (docs/host.md). */
export const programs = '/opt/pointsman';
export const currentLink = `${programs}/current`;
export const previousLink = `${programs}/previous`;
export const wrapperPath = '/usr/local/bin/pointsman';
export const configuration = '/etc/pointsman';
export const environmentPath = `${configuration}/environment`;
export const stateDirectory = '/var/lib/pointsman';
export const authorizedKeysPath = `${stateDirectory}/.ssh/authorized_keys`;
export const unitDirectory = '/etc/systemd/system';

/** User and group of both units; also whom CI connects as. */
export const user = 'pointsman';
export const temporalPort = 7237;
export const uiPort = 8237;
export const temporalAddress = `127.0.0.1:${temporalPort}`;

/** Closes Temporal's ports to other accounts. */
export const portsUnit = 'pointsman-ports.service';
export const temporalUnit = 'pointsman-temporal.service';
export const workerUnit = 'pointsman-worker.service';
/** In the order in which they start. */
export const unitNames = [portsUnit, temporalUnit, workerUnit] as const;
export type UnitName = (typeof unitNames)[number];

/** Directory of one version of the program. */
export function versionDirectory(version: string): string {
  return `${programs}/${version}`;
}

export interface WantedDirectory {
  readonly path: string;
  /** As `stat` prints them. */
  readonly rights: string;
}

/** Parents first. The program is root's, so that whoever takes over the worker cannot change it. */
export const directories: readonly WantedDirectory[] = [
  { path: programs, rights: '755 root:root' },
  { path: configuration, rights: '755 root:root' },
  { path: stateDirectory, rights: `750 ${user}:${user}` },
  { path: `${stateDirectory}/.ssh`, rights: `700 ${user}:${user}` },
];
