import { builtinModules } from 'node:module';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import tseslint from 'typescript-eslint';

const node = [...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** A layer, and the folders of `src` whose values it must not import (design: ARCHITECTURE.md, "Layers"). */
function layer(folder, forbidden, options = {}) {
  const patterns = forbidden.map((name) => ({
    regex: `^(\\.\\./)+${name}(/|\\.js$)`,
    message: `${folder} must not import ${name}: see ARCHITECTURE.md, "Layers".`,
    allowTypeImports: options.types ?? false,
  }));
  const paths = (options.packages ?? []).map((name) => ({ name, message: `${folder} must not import ${name}.` }));
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns, paths }] },
  };
}

const folders = [
  ...['model', 'migrations', 'workflows', 'hosts', 'docker', 'router', 'database', 'shipping', 'preflight'],
  ...['activities', 'config', 'secrets', 'temporal', 'install', 'cli'],
];

/** Every folder but those that a layer may import. */
function allBut(...allowed) {
  return folders.filter((folder) => !allowed.includes(folder));
}

const noEnvironment = {
  files: ['src/**/*.ts'],
  ignores: ['src/cli/**', 'src/worker.ts', 'src/secrets/sources.ts'],
  rules: {
    'no-restricted-properties': [
      'error',
      { object: 'process', property: 'env', message: 'Only the edge reads the environment.' },
    ],
    'no-console': 'error',
  },
};

/** One way out: what others wrote is made harmless there (src/cli/terminal-text.ts). */
const onePrinter = {
  files: ['src/cli/**/*.ts'],
  ignores: ['src/cli/output.ts', 'src/cli/terminal-text.ts', 'src/cli/colours.ts', 'src/cli/end.ts'],
  rules: {
    'no-restricted-properties': [
      'error',
      { object: 'process', property: 'stdout', message: 'Print with Output.' },
      { object: 'process', property: 'stderr', message: 'Print with Output.' },
      { object: 'JSON', property: 'stringify', message: 'Print values with jsonLine.' },
    ],
    'no-console': 'error',
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
      'max-params': ['error', 4],
    },
  },
  {
    files: ['test/**', '*.config.ts'],
    // A describe is one function, and a fake of an asynchronous interface awaits nothing.
    rules: {
      'import-x/no-default-export': 'off',
      'max-lines-per-function': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  noEnvironment,
  onePrinter,
  layer('model', allBut('model'), { packages: node }),
  layer('migrations', allBut('migrations', 'model'), { packages: node }),
  layer('workflows', allBut('workflows', 'model'), {
    packages: [...node, 'zod', 'yaml', '@temporalio/activity', '@temporalio/client', '@temporalio/worker'],
    types: true,
  }),
  layer('hosts', allBut('hosts', 'model', 'secrets')),
  layer('docker', allBut('docker', 'hosts', 'model', 'secrets')),
  layer('router', allBut('router', 'docker', 'hosts', 'model', 'secrets')),
  layer('database', allBut('database', 'docker', 'hosts', 'model', 'secrets')),
  layer('shipping', allBut('shipping', 'docker', 'hosts', 'model', 'secrets')),
  layer('preflight', allBut('preflight', 'migrations', 'router', 'database', 'docker', 'hosts', 'model', 'secrets')),
  layer('activities', ['workflows', 'cli', 'config', 'temporal', 'install']),
  layer('install', allBut('install', 'hosts', 'model', 'temporal')),
  layer('cli', ['activities']),
);
