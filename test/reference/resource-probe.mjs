/**
 * Loaded into processes by NODE_OPTIONS=--import: every ten seconds it adds a line to RESOURCE_PROBE/PID.jsonl with what keeps
 * the event loop of the process busy, by kind and count: timers, sockets, requests.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 10_000;
const { RESOURCE_PROBE: directory } = process.env;

if (directory !== undefined && isMainThread) {
  setInterval(() => {
    const counts = {};
    for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
    appendFileSync(join(directory, `${process.pid}.jsonl`), `${JSON.stringify(counts)}\n`);
  }, EVERY_MS).unref();
}
