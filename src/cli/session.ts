import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { loadSettings } from '../config/load.js';
import type { Host } from '../hosts/host.js';
import { LocalHost } from '../hosts/local-host.js';
import { workflowId } from '../model/names.js';
import type { Progress } from '../model/progress.js';
import type { Settings } from '../model/settings.js';
import { ensureUp } from '../temporal/background.js';
import { connectClient } from '../temporal/connection.js';
import type { deploy, rollback } from '../workflows/index.js';
import { progressQuery } from '../workflows/messages.js';
import { readEnvironment, type Environment } from './environment.js';
import { Exit, exitCodes } from './exit-codes.js';
import { terminalOutput, type Output } from './output.js';

/** Options that every command about an environment takes. */
export interface PlaceOptions {
  readonly environment?: string;
  readonly file?: string;
}

export type DeployHandle = WorkflowHandle<typeof deploy | typeof rollback>;

/** Without a worker Temporal keeps a query for half a minute; a person is told sooner. */
const answerWithinMs = 8000;

/** Where a run is, as its worker tells it. */
export function askProgress(handle: DeployHandle): Promise<Progress> {
  return handle.client.withDeadline(Date.now() + answerWithinMs, () => handle.query(progressQuery));
}

/** What a command works with; made on demand, so that `--help` touches nothing. */
export class Session {
  readonly output: Output = terminalOutput();
  readonly environment: Environment = readEnvironment(process.env);

  settings({ environment, file }: PlaceOptions): Promise<Settings> {
    const directory = file ? dirname(resolve(file)) : process.cwd();
    return loadSettings({
      directory,
      ...(file ? { file: resolve(file) } : {}),
      ...(environment ? { environment } : {}),
    });
  }

  host(): LocalHost {
    return new LocalHost({ stateDirectory: this.environment.stateDirectory });
  }

  /** A server that is reached over SSH. */
  sshHost(url: string): Promise<Host> {
    return Promise.reject(new Exit(exitCodes.usage, `This pointsman cannot connect over SSH yet, so not to ${url}.`));
  }

  /** Connects; the embedded server and a worker are started in the background when they do not run. */
  async client(): Promise<Client> {
    await this.revive();
    return connectClient(this.environment.temporal);
  }

  /**
   * Brings our own server and worker back when they were killed; an external Temporal is only waited for. Does not
   * ask whether the server answers already: whoever follows a deploy asks that again and again by itself.
   */
  async revive(): Promise<void> {
    const { temporal } = this.environment;
    if (temporal.kind !== 'embedded') return;
    const started = await ensureUp(temporal, upCommand(['--idle-exit', '15']));
    const ui = `http://127.0.0.1:${temporal.uiPort}`;
    if (started) this.output.note(`started Temporal and a worker in the background (UI: ${ui}; stop: pointsman down)`);
  }

  handle(client: Client, settings: Settings): DeployHandle {
    return client.workflow.getHandle<typeof deploy | typeof rollback>(workflowId(settings));
  }

  /** Link to a run in the Temporal UI; `null` when only the operator of an external one knows it. */
  link(workflow: string, run: string): string | null {
    const { temporal } = this.environment;
    if (temporal.kind !== 'embedded') return null;
    return `http://127.0.0.1:${temporal.uiPort}/namespaces/default/workflows/${encodeURIComponent(workflow)}/${run}`;
  }
}

/** This very program, as the background process runs it: built, or from source. */
function upCommand(options: readonly string[]): [string, ...string[]] {
  const built = fileURLToPath(new URL('./main.js', import.meta.url));
  const program = existsSync(built)
    ? [built]
    : ['--import', 'tsx', fileURLToPath(new URL('./main.ts', import.meta.url))];
  return [process.execPath, ...program, 'up', ...options];
}
