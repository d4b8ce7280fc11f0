/** Runs the built command as a user does, in a process of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface GrapevineProcess {
  readonly child: ChildProcess;
  /** Resolves with the first line of stdout or stderr that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'grapevine-test-'));
}

export function startGrapevine(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd = process.cwd(),
): GrapevineProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const watch of watchers) watch();
  });
  const ended = new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        const found = `${stdout}\n${stderr}`.split('\n').find((text) => pattern.test(text));
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
      void ended.then(() => reject(new Error(`ended before ${pattern}; it printed:\n${stdout}\n${stderr}`)));
    });
  return { child, line, ended };
}

export async function runGrapevine(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd = process.cwd(),
) {
  return startGrapevine(args, environment, cwd).ended;
}

/** Process ids of the workers of a launcher, in order of their start: one a peer when there are as many. */
export function workersOf(launcher: ChildProcess): number[] {
  let text: string;
  try {
    text = execFileSync('ps', ['-o', 'pid=', '--ppid', String(launcher.pid)], { encoding: 'utf8' });
  } catch {
    return []; // there are none
  }
  return text
    .split('\n')
    .filter((row) => row.trim() !== '')
    .map(Number)
    .sort((a, b) => a - b);
}

/** True while a process with this id exists and is no zombie. */
export function isRunning(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return state !== '' && !state.startsWith('Z');
  } catch {
    return false;
  }
}
