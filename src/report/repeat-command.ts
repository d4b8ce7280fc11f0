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

/** Likewise, left out where the value is the usual one: a test holds these to config/schema.ts. */
const flagsWhenUnusual: readonly (readonly [key: string, flag: string, usual?: unknown])[] = [
  ['pace', '--pace'],
  ['edgeActivity', '--edge-activity'],
  ['silenceMs', '--silence-ms', 6_000],
  ['roundDeadlineMs', '--round-deadline-ms', 60_000],
  ['latencyMs', '--latency-ms', 0.1],
  ['latencyMatrix', '--latency-matrix'],
  ['jitterMs', '--jitter-ms', 0],
  ['jitterShape', '--jitter-shape'],
  ['bandwidthMbps', '--bandwidth-mbps', 1_000],
  ['uplinkMbps', '--uplink-mbps'],
  ['downlinkMbps', '--downlink-mbps'],
  ['loss', '--loss', 0],
  ['lossBurst', '--loss-burst'],
  ['framing', '--framing'],
  ['stepMs', '--step-ms', 3],
  ['stepJitter', '--step-jitter'],
  ['links', '--link'],
  ['faults', '--fault'],
];

/** `flag` once for each word or number that `value` is or holds; nothing for what no command line can say. */
function spelled(flag: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => (Array.isArray(each) ? [] : spelled(flag, each)));
  const said = typeof value === 'string' || typeof value === 'number';
  return said ? [`${flag} ${quoteShell(String(value))}`] : [];
}

/** Ready to paste into a POSIX shell; null where the configuration holds none of the known keys. */
export function repeatCommand(run: RunEvent): string | null {
  const given = [
    ...flags.flatMap(([key, flag]) => spelled(flag, run.config[key])),
    ...flagsWhenUnusual.flatMap(([key, flag, usual]) =>
      run.config[key] === usual ? [] : spelled(flag, run.config[key]),
    ),
  ];
  if (given.length === 0) return null;
  return ['grapevine', run.driver === 'swarm' ? 'swarm' : 'simulate', ...given].join(' ');
}
