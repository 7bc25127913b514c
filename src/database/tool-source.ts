import { readFile } from 'node:fs/promises';

/** Python modules of the tool, each after those that it imports. */
const modules = [
  'errors',
  'progress',
  'files',
  'connections',
  'fingerprint',
  'compare',
  'backups',
  'restore',
  'look',
  'rehearsal',
  'drill',
  'replica',
  'main',
];

const prelude = `
import sys, types
def load(name, source):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    exec(compile(source, name, 'exec'), module.__dict__)
load('sqlite_tool', '')
`;

/**
 * The tool as one script for `python3 -c`, so that nothing needs to be copied to the host or into an image: its
 * modules are loaded from the script itself and import each other as they do on disk.
 */
export async function toolSource(): Promise<string> {
  const loads = modules.map(async (name) => {
    // From `database` and from `cli`, where the build puts commands together.
    const source = await readFile(new URL(`../database/sqlite_tool/${name}.py`, import.meta.url), 'utf8');
    // A JSON string is a Python string too.
    return `load('sqlite_tool.${name}', ${JSON.stringify(source)})`;
  });
  const run = `sys.exit(sys.modules['sqlite_tool.main'].main(sys.argv[1:]))`;
  return [prelude, ...(await Promise.all(loads)), run].join('\n');
}
