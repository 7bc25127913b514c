import { expect, test } from 'vitest';
import { connectionsIn } from '../../src/router/old-connections.js';

/** As a worker's own user sees it: what the process has open, then every connection of the container. */
const listed = `total 0
lrwx------ 1 nginx nginx 64 Nov 26 09:23 0 -> /dev/null
lrwx------ 1 nginx nginx 64 Nov 26 09:23 12 -> socket:[900001]
lrwx------ 1 nginx nginx 64 Nov 26 09:23 13 -> 'socket:[900002]'
lrwx------ 1 nginx nginx 64 Nov 26 09:23 14 -> socket:[900003]
lrwx------ 1 nginx nginx 64 Nov 26 09:23 15 -> socket:[900004]
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 800000 1 0 100 0 0 10 0
   1: 020014AC:D431 030014AC:1F40 01 00000000:00000000 00:00000000 00000000   101        0 900001 1 0 20 4 0 10 -1
   2: 020014AC:D432 030014AC:1F40 06 00000000:00000000 03:00000000 00000000   101        0 900002 1 0 20 4 0 10 -1
   3: 020014AC:1388 010014AC:1F40 01 00000000:00000000 00:00000000 00000000   101        0 999999 1 0 20 4 0 10 -1
   4: 020014AC:1388 010014AC:C350 01 00000000:00000000 00:00000000 00000000   101        0 900003 1 0 20 4 0 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when
   0: 000080FE00000000FF005450:D433 000080FE00000000FF005451:1F40 01 00000000:00000000 00:00000000 00000000 101 0 900004 1
`;

test('a connection to the app is counted where the worker itself has it, and it is established', () => {
  expect(connectionsIn(listed, 8000)).toBe(2);
  expect(connectionsIn(listed, 80)).toBe(0);
});
