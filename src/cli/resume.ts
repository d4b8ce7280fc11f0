/**
 * A run directory taken up again: its configuration from config.json, its events up to the checkpoint from metrics.jsonl, so
 * that the run goes on in the same directory and its summary is one of a run that was never stopped.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import { type ConfigKeys, flagName, typedValue } from '../config/sources.js';
import { configHash } from '../config/verify.js';
import type { MetricsEvent, RunEvent } from '../metrics/events.js';
import { parseMetrics } from '../metrics/read-metrics.js';
import { METRICS_FILE } from '../metrics/recorder.js';
import type { Flags } from './flags.js';
import { type Settings, settingsFrom } from './settings.js';

/** What may change when a run is taken up again: how long it goes on, and how it is launched. */
const changeable = [
  'rounds',
  'processes',
  'listen',
  'startTimeoutMs',
  'checkpointEvery',
  'keepCheckpoints',
  'onCheckpointFailure',
  'logLevel',
  'logFormat',
];
/** Of config.json, what is no configuration. */
const facts = ['configHash', 'version', 'commit'];
/** Flags that are no keys. */
const others = ['resume', 'json', 'quiet', 'debug', 'printConfig'];

/** The keys of DIRECTORY/config.json and the hash that it gives them. @throws GrapevineError BAD_USAGE */
function readConfig(directory: string): { readonly keys: ConfigKeys; readonly hash: unknown } {
  const path = join(directory, 'config.json');
  try {
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const keys = Object.fromEntries(Object.entries(config).filter(([key]) => !facts.includes(key)));
    return { keys, hash: config.configHash };
  } catch (cause) {
    const text = `--resume ${directory}: ${path} cannot be read (${messageOf(cause)}); wanted the directory of a run.`;
    throw new GrapevineError('BAD_USAGE', text, { path }, cause);
  }
}

/** @throws GrapevineError BAD_USAGE where a flag would make it another run */
function refuseOthers(flags: Flags): void {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined && value !== false);
  const refused = given.map(([key]) => key).filter((key) => ![...changeable, ...others].includes(key));
  if (refused.length === 0) return;
  throw new GrapevineError(
    'BAD_USAGE',
    `--resume goes on with the configuration of its run, got ${refused.map(flagName).join(', ')}: leave them out, or ` +
      `begin a new run. ${changeable.map(flagName).join(', ')} may change.`,
  );
}

/**
 * Settings of the run in `directory`: environment and files say nothing of it.
 * @throws GrapevineError BAD_USAGE, BAD_CONFIG, CHECKPOINT_MISMATCH where config.json is not what the run wrote
 */
export async function resumedSettings(directory: string, flags: Flags): Promise<Settings> {
  refuseOthers(flags);
  const read = (keys: ConfigKeys): Promise<Settings> => settingsFrom(keys, 'config.json');
  const { keys, hash } = readConfig(directory);
  const original = await read(keys);
  if (configHash(original.run) !== hash) {
    const text = `${directory}/config.json has the hash ${configHash(original.run)}, wanted ${String(hash)}: it was changed since the run began, or is of another release.`;
    throw new GrapevineError('CHECKPOINT_MISMATCH', text, { directory });
  }
  const given = Object.fromEntries(
    Object.entries(flags).flatMap(([key, value]) =>
      changeable.includes(key) && typeof value === 'string' ? [[key, typedValue(value)]] : [],
    ),
  );
  const { run, ...rest } = await read({ ...keys, ...given });
  if (run.rounds < original.run.rounds) {
    const text = `--rounds ${run.rounds}: the run in ${directory} has ${original.run.rounds}; it can get more, not fewer.`;
    throw new GrapevineError('BAD_USAGE', text);
  }
  return { ...rest, run, launch: { ...rest.launch, out: directory }, resume: directory };
}

/** The events of a run directory; a line that was cut off is left out. @throws GrapevineError METRICS_UNREADABLE */
export function readRunEvents(directory: string): MetricsEvent[] {
  const path = join(directory, METRICS_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `${path} cannot be read (${messageOf(cause)}): a run goes on from its checkpoints and its metrics.`;
    throw new GrapevineError('METRICS_UNREADABLE', message, { path }, cause);
  }
  const { length } = parseMetrics(text, path);
  // As they were written, key by key: what is kept of the file stays as it is.
  return text.split('\n', length).map((line) => JSON.parse(line) as MetricsEvent);
}

/** Replaces a directory's events, whole or not at all. @throws GrapevineError METRICS_WRITE_FAILED */
export function replaceRunEvents(directory: string, events: readonly MetricsEvent[]): void {
  const path = join(directory, METRICS_FILE);
  try {
    writeFileSync(`${path}.tmp`, events.map((event) => `${JSON.stringify(event)}\n`).join(''), {
      flush: true,
    });
    renameSync(`${path}.tmp`, path);
  } catch (cause) {
    const text = `cannot write ${path}: ${messageOf(cause)}. Free space there; the metrics are as they were.`;
    throw new GrapevineError('METRICS_WRITE_FAILED', text, { path }, cause);
  }
}

/** Of a swarm's events, those until all its peers had ended `round`; what was said later will be said again. */
export function eventsUntil(events: readonly MetricsEvent[], round: number): MetricsEvent[] {
  const times = events.flatMap((event) =>
    event.event === 'round' && event.round <= round ? [event.atMs] : [],
  );
  const latestMs = Math.max(0, ...times);
  return events.filter((event) => {
    switch (event.event) {
      case 'run':
        return true;
      case 'round':
      case 'evaluation':
        return event.round <= round;
      case 'edge':
        return event.round <= round && event.atMs <= latestMs;
      case 'peer-lost':
        return false; // it comes back
      case 'notice':
        return event.atMs <= latestMs;
      case 'end':
        return false;
      default:
        return event satisfies never;
    }
  });
}

/** Whether the events tell of `round` for each of `peers`: those of the last moments may have been lost with the launcher. */
export function tellsOf(events: readonly MetricsEvent[], round: number, peers: number): boolean {
  const told = events.filter((event) => event.event === 'round' && event.round === round);
  return new Set(told.map((event) => (event as { peer: number }).peer)).size === peers;
}

export function nothingToResume(directory: string): GrapevineError {
  const text = `--resume ${directory}: there is no checkpoint to go on from. Runs with --checkpoint-every leave them.`;
  return new GrapevineError('BAD_USAGE', text, { directory });
}

export function nothingLeft(directory: string, round: number): GrapevineError {
  const text = `--resume ${directory}: the run has ended, at round ${round}; give it more with --rounds.`;
  return new GrapevineError('BAD_USAGE', text, { directory, round });
}

/** The run event first, as this release and the rounds of today have it. */
export function withHead(head: RunEvent, events: readonly MetricsEvent[]): MetricsEvent[] {
  return [head, ...events.filter((event) => event.event !== 'run')];
}
