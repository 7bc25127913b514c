#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The build puts all commands into a few files, with what they need of other packages: to find and read them one by one takes as long
// as the rest of `pointsman status`, and a second of `pointsman up`.
const together = new URL('./together.js', import.meta.url);
await import(existsSync(together) ? together.href : './run.js');
