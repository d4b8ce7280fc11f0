/**
 * The log of a service: one JSON object a line, for journald, `kubectl logs` and whatever collects them.
 *
 *     {"level":"info","time":"2026-01-31T08:15:30.123Z","swarm":"12D3...","peer":2,"event":"round","round":40,...,"message":"..."}
 *
 * `level`, `time`, `event` and `message` are always there; `swarm` and `peer` once they are known; the rest are the fields
 * of the event as metrics.jsonl has them.
 */
import type { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { LogEntry, LogLevel } from './log-entry.js';

export interface JsonLog {
  write(entry: LogEntry): void;
  /** Fields of all further lines. */
  bind(fields: Readonly<Record<string, unknown>>): void;
}

const ours: ReadonlySet<string> = new Set(['level', 'time', 'event', 'message']);

export function createJsonLog(stream: Writable, level: LogLevel): JsonLog {
  let logger: Logger = pino(
    {
      level,
      base: null, // process id and host are the collector's business
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  const root = logger;
  let bound: readonly string[] = [];
  return {
    write({ level: of, event, message, fields }) {
      // A key twice in an object is read as one collector pleases: what is on the line already is not said again.
      const own = Object.entries(fields).filter(([key]) => !ours.has(key) && !bound.includes(key));
      logger[of]({ event, ...Object.fromEntries(own) }, message);
    },
    bind(fields) {
      bound = Object.keys(fields);
      logger = root.child(fields);
    },
  };
}
