/**
 * Reads metrics.jsonl back. Two kinds of damage are told apart:
 *
 *   a torn last line    the process died while writing it: what came before is whole and is returned;
 *   anything else       a file that is not what it says it is: an error that names the line.
 *
 * A line is torn only if it is the last one, lacks its newline and does not parse. No proper prefix of a JSON
 * object is itself JSON, so a torn line cannot be mistaken for a whole one.
 */
import { readFile } from 'node:fs/promises';
import { GrapevineError, messageOf } from '../base/errors.js';
import { metricsEventSchema, runHeadSchema } from './event-schema.js';
import { METRICS_SCHEMA, type MetricsEvent } from './events.js';

/** Characters of a bad line that an error message repeats: enough to recognize it. */
const SHOWN_CHARACTERS = 80;

function unreadable(source: string, line: number, problem: string): GrapevineError {
  return new GrapevineError('METRICS_UNREADABLE', `${source}, line ${line}: ${problem}`, { source, line });
}

function checkHead(value: unknown, source: string): void {
  const head = runHeadSchema.safeParse(value);
  if (!head.success) {
    throw unreadable(
      source,
      1,
      'not a "run" event, which every metrics file begins with. Pass a metrics.jsonl that grapevine wrote.',
    );
  }
  if (head.data.schema !== METRICS_SCHEMA) {
    throw unreadable(
      source,
      1,
      `metrics schema ${head.data.schema}, wanted ${METRICS_SCHEMA}. Read it with the grapevine version that wrote it.`,
    );
  }
}

/** The JSON value of a line, or undefined where the line is torn. */
function parseLine(text: string, mayBeTorn: boolean, at: { source: string; line: number }): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (mayBeTorn) return undefined;
    const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
    throw unreadable(
      at.source,
      at.line,
      `not JSON: ${shown} Restore the file, or delete this line to read the rest.`,
    );
  }
}

/**
 * The events in `text`, in the order written; none for an empty text. `source` names the file in messages.
 * @throws GrapevineError METRICS_UNREADABLE: not JSON, not an event, another schema, or no "run" event first
 */
export function parseMetrics(text: string, source = 'metrics.jsonl'): MetricsEvent[] {
  const lines = text.split('\n');
  const events: MetricsEvent[] = [];
  lines.forEach((content, index) => {
    const line = index + 1;
    const last = line === lines.length; // '' when the text ends in a newline, as it should
    if (content.trim() === '' && last) return;
    const value = parseLine(content, last, { source, line });
    if (value === undefined) return;
    if (events.length === 0) checkHead(value, source);
    const parsed = metricsEventSchema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
      throw unreadable(source, line, `not a metrics event${where}: ${issue?.message ?? 'unknown shape'}.`);
    }
    events.push(parsed.data);
  });
  return events;
}

/**
 * The events of a metrics file.
 * @throws GrapevineError METRICS_UNREADABLE: as parseMetrics, or the file cannot be opened
 */
export async function readMetrics(path: string): Promise<MetricsEvent[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new GrapevineError(
      'METRICS_UNREADABLE',
      `cannot read ${path}: ${messageOf(error)}. Wanted the metrics.jsonl of a run directory.`,
      { path },
      error,
    );
  }
  return parseMetrics(text, path);
}
