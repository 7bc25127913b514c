import { createHash } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { downCommand } from '../../src/cli/commands/up.js';
import type { Session } from '../../src/cli/session.js';
import type { EmbeddedPlace } from '../../src/temporal/place.js';
import { answers, bystander, canBeNobody, lives, nobody, squat } from '../support/squatter.js';

let stateDirectory: string;

beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-squatters-'));
  onTestFinished(() => rm(stateDirectory, { recursive: true, force: true }));
});

/** What `pointsman down` says, and how it ends. */
async function down(): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const temporal: EmbeddedPlace = { kind: 'embedded', stateDirectory, port: 7237, uiPort: 8237, cli: null };
  const output = { note: (text: string) => void said.push(text) };
  const code = await downCommand({ output, environment: { temporal } } as unknown as Session);
  return { code, said: said.join('\n') };
}

/** The name on which `up` announced itself, for everybody to take, in the builds before. */
function earlierName(): string {
  return `pointsman-${createHash('sha256').update(stateDirectory).digest('hex').slice(0, 24)}`;
}

describe.skipIf(!canBeNobody)('pointsman down, where another user', () => {
  test('has taken the name of an `up` and names a foreign process, ends nothing and says so', async () => {
    const victim = bystander();
    await squat(earlierName(), answers.lie(victim.pid ?? 0));
    expect(await down()).toEqual({ code: 0, said: 'nothing was up' });
    expect(lives(victim)).toBe(true);
  });

  test.each(['silence', 'endless'] as const)(
    'has taken the name of an `up` and answers with %s, ends',
    async (kind) => {
      await squat(earlierName(), answers[kind]());
      expect(await down()).toEqual({ code: 0, said: 'nothing was up' });
    },
  );

  test('owns the state directory, believes nothing that lies there', async () => {
    const victim = bystander();
    await writeFile(join(stateDirectory, 'up.json'), JSON.stringify({ pid: victim.pid, ready: true }));
    await chown(stateDirectory, nobody, nobody);
    await expect(down()).rejects.toThrow(
      `The state directory ${stateDirectory} belongs to another user (uid ${nobody}): they could decide what pointsman ` +
        'does. Run pointsman as that user, or name another directory with POINTSMAN_HOME.',
    );
    expect(lives(victim)).toBe(true);
  });
});

describe('pointsman down, where what is written of', () => {
  test.each([
    ['the `up`', 'up.json', (pid: number) => JSON.stringify({ pid, ready: true })],
    ['the server', 'temporal.pid', String],
  ])('%s names a process that is none, leaves that one alone', async (_, file, content) => {
    const victim = bystander();
    await writeFile(join(stateDirectory, 'up.lock'), '');
    await writeFile(join(stateDirectory, file), content(victim.pid ?? 0));
    expect(await down()).toEqual({ code: 0, said: 'nothing was up' });
    expect(lives(victim)).toBe(true);
  });
});
