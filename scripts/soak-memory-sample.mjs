/**
 * Loaded before a peer by scripts/soak-memory.mjs (`node --expose-gc --import`): collects garbage now and then, and writes down
 * what is left, so that a leak is seen beneath the saw teeth of the heap. A line each: hours, heap, external, resident bytes.
 */
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const { SOAK_FILE: file } = process.env;
const SAMPLE_MS = 5000;

if (isMainThread && file !== undefined) {
  setInterval(() => {
    globalThis.gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    appendFileSync(file, `${JSON.stringify([performance.now() / 3_600_000, heapUsed, external, rss])}\n`);
  }, SAMPLE_MS).unref();
}
