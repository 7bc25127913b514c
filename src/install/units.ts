import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signed } from '../hosts/own-file.js';
import { serverArguments } from '../temporal/embedded-server.js';
import {
  currentLink,
  environmentPath,
  portsUnit,
  stateDirectory,
  temporalPort,
  temporalUnit,
  uiPort,
  user,
  workerUnit,
  wrapperPath,
  type UnitName,
} from './layout.js';

export type UnitTexts = Readonly<Record<UnitName, string>>;

/** The units as they lie in this program's `templates/systemd`. */
export async function readUnitTemplates(packageRoot: string): Promise<UnitTexts> {
  const read = (name: UnitName): Promise<string> => readFile(join(packageRoot, 'templates/systemd', name), 'utf8');
  const [ports, temporal, worker] = await Promise.all([read(portsUnit), read(temporalUnit), read(workerUnit)]);
  return { [portsUnit]: ports, [temporalUnit]: temporal, [workerUnit]: worker };
}

/** The units as they are to lie on the server. */
export function renderUnits(templates: UnitTexts): UnitTexts {
  const values = {
    user,
    stateDirectory,
    current: currentLink,
    wrapper: wrapperPath,
    environment: environmentPath,
    ports: `${temporalPort} ${uiPort}`,
    serverArguments: serverArguments({ kind: 'embedded', stateDirectory, port: temporalPort, uiPort, cli: null })
      .map(unitWord)
      .join(' '),
  };
  return {
    [portsUnit]: signed(fill(templates[portsUnit], values)),
    [temporalUnit]: signed(fill(templates[temporalUnit], values)),
    [workerUnit]: signed(fill(templates[workerUnit], values)),
  };
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`a unit's template holds ${place}, which nothing fills`);
    return value;
  });
}

/** systemd reads `%` as the start of a specifier and `$` as one of a variable; none of our arguments needs more. */
function unitWord(word: string): string {
  if (!/^[\w@%+=:,./$-]+$/.test(word)) throw new Error(`"${word}" would have to be quoted in a unit`);
  return word.replaceAll('%', '%%').replaceAll('$', '$$$$');
}
