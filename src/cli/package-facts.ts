/** What this installation is: its version, and the commit when it runs from a checkout. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

export const packageVersion: string = (require('../../package.json') as { version: string }).version;

/** The commit of the checkout this runs from, first 12 digits; null in an installed package. */
export function currentCommit(): string | null {
  const git = (path: string): string => fileURLToPath(new URL(`../../.git/${path}`, import.meta.url));
  try {
    const head = readFileSync(git('HEAD'), 'utf8').trim();
    const commit = head.startsWith('ref: ') ? readFileSync(git(head.slice(5)), 'utf8').trim() : head;
    return /^[0-9a-f]{40}$/.test(commit) ? commit.slice(0, 12) : null;
  } catch {
    return null; // no checkout, or a packed ref: the version alone must do
  }
}
