import { Client, Connection } from '@temporalio/client';
import { startInTurn } from '../../src/cli/await-turn.js';
import { whoWaits } from '../../src/cli/line.js';
import type { DeployInput } from '../../src/model/input.js';
import { waitingSession } from './waiting-session.js';

// A deploy that waits in line, as a process that a test can kill. It tells its parent when it has its place.
const [address = '', text = ''] = process.argv.slice(2);
const input = JSON.parse(text) as DeployInput;
const client = new Client({ connection: await Connection.connect({ address }) });
const waiting = startInTurn(waitingSession().session, client, input, { supersede: false, json: false });
while ((await whoWaits(client, input.settings)).length === 0);
process.send?.('waiting');
await waiting;
