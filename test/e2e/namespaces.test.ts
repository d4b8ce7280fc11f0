/**
 * The short form of `npm run test:namespaces`: three hosts with public addresses and bad links run
 * `grapevine peer` for a few rounds. Two are behind NATs of their own: the edge between them exists by way of the relay alone.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/namespaces.mjs', import.meta.url));
const SHORT = [
  '--scenario',
  'public',
  '--peers',
  '3',
  '--rounds',
  '8',
  '--round-trips',
  '5',
  '--reference',
  'simulate',
];

function runScript(...args: readonly string[]) {
  return spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
}

test('peers on hosts of their own, two behind NAT, train what the simulator trains', ({ skip }) => {
  const { status, stdout: missing } = runScript('--check');
  skip(status !== 0, missing.trim());
  const { stdout, stderr } = runScript(...SHORT);
  expect(stdout.trim().split('\n').at(-1), stdout + stderr).toBe('1 passed, 0 failed');
  for (const host of [1, 2]) expect(stdout).toMatch(new RegExp(`^${host} \\(NAT\\) +8 `, 'm'));
});
