/** docs/your-own-model.md taken apart, and a directory in which it is tried. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runGrapevine, temporaryDirectory } from './grapevine-process.js';

export const page = readFileSync(
  fileURLToPath(new URL('../../docs/your-own-model.md', import.meta.url)),
  'utf8',
);

/** Files (`language path` after the fence) and command blocks, in the order of the page. */
const blocks = [...page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, kind, path, text]) => ({
  kind: kind!,
  path,
  text: text!,
}));

export const files: ReadonlyMap<string, string> = new Map(
  blocks.flatMap(({ path, text }) => (path === undefined ? [] : [[path, text] as const])),
);

export const commands = blocks
  .filter(({ kind }) => kind === 'sh')
  .flatMap(({ text }) => text.trim().split('\n'));

export interface Trial {
  readonly directory: string;
  write(path: string, text: string | Uint8Array): void;
  /** Runs the command in the directory. */
  run(...args: string[]): ReturnType<typeof runGrapevine>;
  json(path: string): ReturnType<typeof JSON.parse>;
}

/** A new directory with the page's files. */
export function createTrial(): Trial {
  const directory = temporaryDirectory();
  const write = (path: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  for (const [path, text] of files) write(path, text);
  return {
    directory,
    write,
    run: (...args) => runGrapevine(args, {}, directory),
    json: (path) => JSON.parse(readFileSync(join(directory, path), 'utf8')),
  };
}
