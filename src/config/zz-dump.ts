import { readFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { loadSettings } from './load.js';
const src = readFileSync('/work/main/test/config/problems.test.ts', 'utf8');
const support = readFileSync('/work/main/test/config/support.ts', 'utf8');
const smallest = 'project: shop\nimage: registry.example.org/shop:{release}\n';
const compose = new Function('return ' + support.match(/compose = (`[\s\S]*?`);/)![1])() as string;
const rows = new Function('smallest', 'return [' + src.match(/test\.each\(\[([\s\S]*?)\n\]\)/)![1] + ']')(smallest) as [string, string, string][];
const out: Record<string, string> = {};
for (const [name, text] of rows) {
  const d = mkdtempSync('/tmp/cfgd-'); writeFileSync(d + '/pointsman.yml', text); writeFileSync(d + '/compose.yml', compose);
  out[name] = await loadSettings({ directory: d }).then(() => 'no problem', (e: Error) => e.message);
  console.log('## ' + name + '\n' + out[name]);
}
writeFileSync('/tmp/cfg-dump.json', JSON.stringify(out));
