import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';

export const compose = `services:
  app-blue:
    profiles: [blue]
    image: \${BLUE_IMAGE:-shop:unreleased}
    healthcheck: { test: [CMD, "true"] }
    volumes: [app-data:/app/data]
  app-green:
    profiles: [green]
    image: \${GREEN_IMAGE:-shop:unreleased}
    healthcheck: { test: [CMD, "true"] }
    volumes: [app-data:/app/data]
  router:
    image: nginx:1.30
    volumes: [router-config:/etc/nginx/conf.d]
  litestream:
    image: litestream/litestream:0.5
volumes: { app-data: {}, router-config: {} }
`;

export const smallest = 'project: shop\nimage: registry.example.org/shop:{release}\n';

/** A project's directory with just these files, removed after the test. */
export async function projectWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-config-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

/** The whole report about a project's files. */
export async function reportOn(files: Readonly<Record<string, string>>, environment?: string): Promise<string> {
  const directory = await projectWith(files);
  try {
    await loadSettings({ directory, ...(environment ? { environment } : {}) });
    return 'no problem';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}
