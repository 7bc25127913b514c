#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The build puts each command into a few files, with all that it needs of other packages: to find and read them one by one takes as
// long as the rest of `pointsman status`. Not `up` and `worker`: Temporal's core and its threads look for each other's files.
const together = new URL('./together.js', import.meta.url);
const works = ['up', 'worker'].includes(process.argv[2] ?? '');
await import(!works && existsSync(together) ? together.href : './run.js');
