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

const marks: Readonly<Record<Check['status'], string>> = { ok: 'ok', missing: 'note', problem: 'PROBLEM' };

/** Columns before what was found. */
const NAME_WIDTH = 22;
const MARK_WIDTH = 9;

/** Narrower than this, text beside the names is no longer read with ease, and is left to the terminal. */
const LEAST_TEXT_WIDTH = 30;

/** Words of `text` in lines of at most `width` columns; a longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width || line === '') lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function linesOf(
  { name, status, found, remedy }: Check,
  { color, columns }: { readonly color: ReturnType<typeof pc.createColors>; readonly columns: number },
): string[] {
  const paint = { ok: color.green, missing: color.yellow, problem: color.red }[status];
  const head = `  ${paint(marks[status].padEnd(MARK_WIDTH))}${name.padEnd(NAME_WIDTH)}`;
  const indent = ' '.repeat(2 + MARK_WIDTH + NAME_WIDTH);
  const room = columns - indent.length;
  const width = room < LEAST_TEXT_WIDTH ? Number.POSITIVE_INFINITY : room;
  const [first, ...rest] = wrapped(found, width);
  const [toDo = '', ...more] = remedy === null ? [] : wrapped(remedy, width - 3);
  return [
    `${head}${first}`,
    ...rest.map((line) => `${indent}${line}`),
    ...(remedy === null ? [] : [`${indent}-> ${toDo}`, ...more.map((line) => `${indent}   ${line}`)]),
  ];
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
  const verdict = well
    ? color.green('Swarms run here. A note is for those who need what it says.')
    : color.red('Swarms do not run here before the problems are mended.');
  const columns = stdout.columns ?? Number.POSITIVE_INFINITY; // a pipe has none
  const lines = [
    `  grapevine ${packageVersion}`,
    ...checks.flatMap((check) => linesOf(check, { color, columns })),
    `  ${verdict}`,
  ];
  stdout.write(`${lines.join('\n')}\n`);
  return well ? 0 : 1;
}
