// What tsc leaves to do: the database tool beside its caller, the workflows as one bundle, the commands in a few files, and the run bit.
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The client of the engine is loaded when a command first talks to it, by a `require` that esbuild would leave as it is. */
const dockerodeToo = {
  name: 'dockerode-too',
  setup: ({ onLoad }) =>
    onLoad({ filter: /dist\/hosts\/local-host\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace('const require = createRequire(import.meta.url);\n', '');
      if (contents === text) throw new Error(`${path} no longer asks for dockerode in this way`);
      return { contents, loader: 'js' };
    }),
};

cpSync(at('src/database/sqlite_tool'), at('dist/database/sqlite_tool'), { recursive: true });
const { code } = await bundleWorkflowCode({
  workflowsPath: at('dist/workflows/index.js'),
  logger: new DefaultLogger('ERROR'),
});
writeFileSync(at('dist/workflow-bundle.js'), code);
await putTogether();
chmodSync(at('dist/cli/main.js'), 0o755);

/** Every command but `up` and `worker`, with what it needs of other packages: `dist/cli/together.js`, and what is loaded when it is asked for. */
async function putTogether() {
  for (const file of readdirSync(at('dist/cli'))) if (file.startsWith('together')) rmSync(at(`dist/cli/${file}`));
  await build({
    entryPoints: { together: at('dist/cli/run.js') },
    // Beside what it is made of: files of the package are found from there, too.
    outdir: at('dist/cli'),
    chunkNames: 'together-[hash]',
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // `ssh2` does without the first. The others are what `up` and `worker` are for.
    external: ['cpu-features', '*.node', '@temporalio/worker', '@temporalio/core-bridge'],
    // Packages in CommonJS know these, and those of Node are asked for by the first.
    banner: {
      js: [
        "import { createRequire as requireFrom } from 'node:module';",
        'const require = requireFrom(import.meta.url), __dirname = import.meta.dirname;',
      ].join(' '),
    },
    plugins: [dockerodeToo],
    logLevel: 'warning',
  });
}
