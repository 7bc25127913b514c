// Traffic for script/demo: `traffic-cli.ts PORT AT_LEAST REPORT_FILE`; ends on SIGTERM once AT_LEAST requests were made.
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { Traffic } from './traffic.js';

const [port = '', atLeast = '', file = ''] = process.argv.slice(2);
const traffic = new Traffic({ port: Number(port) });
await once(process, 'SIGTERM');
await traffic.atLeast(Math.max(0, Number(atLeast) - traffic.requests));
const { written, ...report } = await traffic.stop();
writeFileSync(file, JSON.stringify({ ...report, written: written.length, ids: written }));
