/** The command line that repeats a run, from the configuration its first event carries. */
import type { RunEvent } from '../metrics/events.js';
import { quoteShell } from './escape.js';

/** Configuration key and the flag it is set by, in the order a person would type them. */
const flags: readonly (readonly [key: string, flag: string])[] = [
  ['peers', '--peers'],
  ['topology', '--topology'],
  ['algorithm', '--algorithm'],
  ['compressor', '--compressor'],
  ['optimizer', '--optimizer'],
  ['task', '--task'],
  ['partition', '--partition'],
  ['rounds', '--rounds'],
  ['localSteps', '--local-steps'],
  ['stepping', '--stepping'],
  ['batch', '--batch'],
  ['learningRate', '--learning-rate'],
  ['schedule', '--schedule'],
  ['seed', '--seed'],
  ['engine', '--engine'],
  ['dataDirectory', '--data-directory'],
];

/** Ready to paste into a POSIX shell; null where the configuration holds none of the known keys. */
export function repeatCommand(run: RunEvent): string | null {
  const given = flags.flatMap(([key, flag]) => {
    const value = run.config[key];
    return typeof value === 'string' || typeof value === 'number'
      ? [`${flag} ${quoteShell(String(value))}`]
      : [];
  });
  if (given.length === 0) return null;
  return ['grapevine', run.driver === 'swarm' ? 'swarm' : 'simulate', ...given].join(' ');
}
