// Writes down how long each file took in the last whole run, for the order in which the next ones begin: npm run test:times.
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = process.env.POINTSMAN_CACHE ?? join(homedir(), '.cache', 'pointsman');
const { files } = JSON.parse(readFileSync(join(cache, 'work', 'test-report.json'), 'utf8'));
const seconds = files.map(({ file, seconds }) => [file, Math.round(seconds)]).sort(([a], [b]) => (a < b ? -1 : 1));
const times = new URL('../test/suite/times.json', import.meta.url);
writeFileSync(times, `${JSON.stringify(Object.fromEntries(seconds), null, 2)}\n`);
