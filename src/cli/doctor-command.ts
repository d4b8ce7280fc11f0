/** `grapevine doctor`: what this machine can do, and how to mend what it cannot. Exit code 1 where swarms do not run. */
import pc from 'picocolors';
import type { CommandContext } from './command-context.js';
import {
  type Check,
  checkCache,
  checkData,
  checkDisk,
  checkEngines,
  checkInstructions,
  checkLoopback,
  checkMachine,
  checkNode,
} from './doctor-checks.js';
import { checkNetwork, type NetworkQuestions } from './doctor-network.js';
import { packageVersion } from './package-facts.js';

const marks: Readonly<Record<Check['status'], string>> = { ok: 'ok', missing: '-', problem: 'PROBLEM' };

/** Columns before what was found. */
const NAME_WIDTH = 22;
const MARK_WIDTH = 9;

function linesOf(
  { name, status, found, remedy }: Check,
  color: ReturnType<typeof pc.createColors>,
): string[] {
  const paint = { ok: color.green, missing: color.dim, problem: color.red }[status];
  const first = `  ${paint(marks[status].padEnd(MARK_WIDTH))}${name.padEnd(NAME_WIDTH)}${found}`;
  const indent = ' '.repeat(2 + MARK_WIDTH + NAME_WIDTH);
  return remedy === null ? [first] : [first, `${indent}-> ${remedy}`];
}

/** The exit code. */
export async function runDoctor(
  questions: NetworkQuestions,
  json: boolean,
  context: CommandContext,
): Promise<number> {
  const { stdout, colorAllowed } = context.output;
  const { cacheDirectory } = context;
  const checks: Check[] = [
    checkNode(process.versions.node),
    checkMachine(),
    checkInstructions(),
    ...(await checkEngines()),
    await checkLoopback(),
    ...(await checkNetwork(questions)),
    checkDisk(process.cwd()),
    checkCache(cacheDirectory),
    ...checkData(cacheDirectory),
  ];
  const well = checks.every(({ status }) => status !== 'problem');
  if (json) {
    stdout.write(`${JSON.stringify({ ok: well, version: packageVersion, checks })}\n`);
    return well ? 0 : 1;
  }
  const color = pc.createColors(stdout.isTTY === true && colorAllowed);
  const verdict = well ? 'Swarms run here.' : 'Swarms do not run here before the problems are mended.';
  const lines = [
    `  grapevine ${packageVersion}`,
    ...checks.flatMap((check) => linesOf(check, color)),
    `  ${verdict}`,
  ];
  stdout.write(`${lines.join('\n')}\n`);
  return well ? 0 : 1;
}
