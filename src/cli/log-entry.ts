/**
 * What of a run is worth a line in a log, and how much: every event that the run's metrics get, and those that only whoever
 * runs it cares about, become entries of one form here. Displays (display.ts) decide how an entry looks.
 *
 *     error   something is lost: a checkpoint, metrics, the run
 *     warn    something is not as it should be, and the run goes on: an edge down, a caller refused
 *     info    what an operator follows: joins, links, evaluations, and a round now and then
 *     debug   every round, and what the transport says of its dials
 *     trace   every refusal, each of a flood
 */
import { printable, printableLines } from '../base/printable.js';
import type { EdgeEvent, MetricsEvent, RoundEvent } from '../metrics/events.js';
import { formatBytes, formatReal } from '../report/format.js';
import { progressLine } from '../report/summary-text.js';

/** From all to nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export type EntryLevel = Exclude<LogLevel, 'silent'>;

export interface LogEntry {
  readonly level: EntryLevel;
  /** What kind of thing has happened: "round", "edge", a refusal's or notice's code in `fields.code`. */
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Displays that show progress in their own way leave it out. */
  readonly isProgress: boolean;
  /** For the eyes of whoever started the command: in no log that is collected. */
  readonly secret?: string | undefined;
}

/** What happens to a peer that is no part of its metrics. */
export type OperationEvent =
  /** A sentence for whoever watches. */
  | {
      readonly event: 'message';
      readonly level: EntryLevel;
      readonly message: string;
      readonly secret?: string;
    }
  /** A caller was refused, or (`expelled`) a member put out. */
  | {
      readonly event: 'refusal';
      readonly code: string;
      readonly message: string;
      readonly peerId: string | null;
      readonly expelled: boolean;
    }
  /** A checkpoint was written, or could not be: `error` is the code. */
  | {
      readonly event: 'checkpoint';
      readonly round: number;
      readonly seconds: number;
      readonly error: string | null;
    };

/** In a log of days a line a round is too many, and none for hours too few. Milliseconds. */
export const ROUND_LINE_MS = 10_000;

/** Of notices that are not warnings. */
const noticeLevels: Readonly<Record<string, EntryLevel>> = {
  JOINED: 'info',
  PEER_RESTARTED: 'info',
  NOTICE: 'info',
  CHECKPOINT_FAILED: 'error',
  METRICS_WRITE_FAILED: 'error',
  BUG: 'error',
};

export const atLeast = (level: EntryLevel, threshold: LogLevel): boolean =>
  logLevels.indexOf(level) >= logLevels.indexOf(threshold);

function entry(
  level: EntryLevel,
  event: string,
  rest: { readonly message: string; readonly fields?: LogEntry['fields']; readonly isProgress?: boolean },
): LogEntry {
  const { message, fields = {}, isProgress = false } = rest;
  return { level, event, message, fields, isProgress };
}

function roundEntry(event: RoundEvent, level: EntryLevel): LogEntry {
  const { event: _, omega: __, ...fields } = event;
  const message = `round ${event.round}  training loss ${formatReal(event.loss)}  payload ${formatBytes(event.payloadBytes)}`;
  return entry(level, 'round', { message, fields, isProgress: true });
}

/** In the run of one peer an edge is news; among all edges of a swarm it is detail. */
function edgeEntry({ neighbor, state, reason, round, peer }: EdgeEvent, ofOnePeer: boolean): LogEntry {
  const level = !ofOnePeer ? 'debug' : state === 'inactive' ? 'warn' : 'info';
  const why = state === 'active' ? '' : ` (${printable(reason)})`;
  const who = ofOnePeer ? '' : `peer ${peer}: `;
  const message = `${who}link with peer ${neighbor} is ${state}${why}`;
  return entry(level, 'edge', {
    message,
    fields: { peer, neighbor, state, reason: printable(reason), round },
  });
}

/** Answers each event of a run, in order, with its entry. */
export function createLogEntries(): (event: MetricsEvent | OperationEvent) => LogEntry {
  let ofOnePeer = false;
  let saidMs = Number.NEGATIVE_INFINITY;
  return (event) => {
    switch (event.event) {
      case 'run': {
        ofOnePeer = event.peer !== undefined;
        const { version, commit, driver, configHash, engine, parameters, topology } = event;
        const message = `training ${parameters} parameters on ${topology.spec} with ${engine}, configuration ${configHash}`;
        const fields = { version, commit, driver, configHash, engine, parameters, topology: topology.spec };
        return entry('info', 'run', { message, fields, isProgress: true });
      }
      case 'round': {
        const isDue = ofOnePeer && event.atMs - saidMs >= ROUND_LINE_MS;
        if (isDue) saidMs = event.atMs;
        return roundEntry(event, isDue ? 'info' : 'debug');
      }
      case 'evaluation': {
        const { event: _, ...fields } = event;
        return entry('info', 'evaluation', { message: progressLine(event), fields, isProgress: true });
      }
      case 'edge':
        return edgeEntry(event, ofOnePeer);
      case 'peer-lost': {
        const { peer, round, reason } = event;
        const message = `peer ${peer} is lost after round ${round}: ${printable(reason)}`;
        return entry('warn', 'peer-lost', { message, fields: { peer, round, reason }, isProgress: true });
      }
      case 'notice': {
        const { peer, code } = event;
        const message = printable(event.message);
        const fields = peer === null ? { code } : { code, peer };
        return entry(noticeLevels[code] ?? 'warn', 'notice', { message, fields });
      }
      case 'end':
        return entry(event.outcome === 'failed' ? 'error' : 'info', 'end', {
          message: event.outcome,
          fields: { outcome: event.outcome },
          isProgress: true,
        });
      default:
        return operationEntry(event);
    }
  };
}

function operationEntry(event: OperationEvent): LogEntry {
  switch (event.event) {
    case 'message':
      return {
        ...entry(event.level, 'message', { message: printableLines(event.message) }),
        secret: event.secret,
      };
    case 'refusal': {
      const { code, peerId, expelled } = event;
      const message = `refused: ${printable(event.message)} [${code}]`;
      return entry('trace', 'refusal', { message, fields: { code, peerId, expelled } });
    }
    case 'checkpoint': {
      const { round, seconds, error } = event;
      const took = `${seconds.toFixed(2)} s`;
      const message =
        error === null
          ? `checkpoint of round ${round} written in ${took}`
          : `no checkpoint of round ${round} [${error}]`;
      return entry('debug', 'checkpoint', { message, fields: { round, seconds, error } });
    }
    default:
      return event satisfies never;
  }
}
