/**
 * Named families of things a user can choose (topologies, compressors, algorithms, tasks, partitions).
 * A registry turns a spec into typed options, and a wrong name or key into an answer that lists what exists
 * and names the nearest match.
 */
import { closest } from 'fastest-levenshtein';
import { GrapevineError } from './errors.js';
import { formatSpec, parseSpec } from './spec.js';

/** One option of a family: how its text is read and what it means. */
export interface OptionField<T extends string | number> {
  /** Doc line: what it is, its unit and range. */
  readonly doc: string;
  /** Used when the key is absent; `undefined` means that the family decides (or that it stays unset). */
  readonly default: T | undefined;
  /** The value, or a sentence part that says what was wanted. */
  read(text: string): { readonly value: T } | { readonly wanted: string };
}

export type OptionFields<Options> = {
  readonly [K in keyof Options]-?: OptionField<Extract<Options[K], string | number>>;
};

/** One member of a registry. `Options` holds only numbers and strings, so that it prints and hashes. */
export interface RegistryEntry<Options, Made> {
  readonly name: string;
  /** One line for --help and error messages. */
  readonly summary: string;
  readonly fields: OptionFields<Options>;
  /** Fills in what is used where several keys are absent together, so that canonical specs spell it out. */
  complete?(options: Options): Options;
  /** Builds the thing; `spec` is the canonical text with every option spelled out. */
  make(options: Options, spec: string): Made;
}

export interface Registry<Made> {
  readonly kind: string;
  readonly entries: readonly { readonly name: string; readonly summary: string }[];
  /** @throws GrapevineError BAD_SPEC */
  resolve(text: string): Made;
  /** The canonical spec: every option spelled out. @throws GrapevineError BAD_SPEC */
  canonical(text: string): string;
}

/** An integer from `min` to `max`. */
export function integerField(
  doc: string,
  fallback: number | undefined,
  min: number,
  max: number,
): OptionField<number> {
  return {
    doc,
    default: fallback,
    read(text) {
      const value = Number(text);
      return text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max
        ? { value }
        : { wanted: `an integer from ${min} to ${max}` };
    },
  };
}

/** A number from `min` to `max`, both included. */
export function numberField(
  doc: string,
  fallback: number | undefined,
  min: number,
  max: number,
): OptionField<number> {
  return {
    doc,
    default: fallback,
    read(text) {
      const value = Number(text);
      return text.trim() !== '' && Number.isFinite(value) && value >= min && value <= max
        ? { value }
        : { wanted: `a number from ${min} to ${max}` };
    },
  };
}

/** Any text that is not empty: a path, the name of a column. */
export function textField(doc: string, fallback?: string): OptionField<string> {
  return { doc, default: fallback, read: (text) => ({ value: text }) };
}

/** One of a few words or numbers. */
export function choiceField<T extends string | number>(
  doc: string,
  fallback: T,
  choices: readonly T[],
): OptionField<T> {
  return {
    doc,
    default: fallback,
    read(text) {
      const value = choices.find((choice) => String(choice) === text);
      return value === undefined ? { wanted: `one of ${choices.join(', ')}` } : { value };
    },
  };
}

/** "a" is unknown: lists what exists and names the nearest. */
export function unknownNameMessage(kind: string, got: string, known: readonly string[]): string {
  const nearest = known.length === 0 ? '' : ` Did you mean "${closest(got, [...known])}"?`;
  return `unknown ${kind} "${got}".${nearest} There is: ${known.length === 0 ? 'none' : known.join(', ')}.`;
}

/** Any entry, whatever its options: `make` is only ever called with what `fields` has read. */
// biome-ignore lint/suspicious/noExplicitAny: the options type is checked where each entry is declared
export type AnyEntry<Made> = RegistryEntry<any, Made>;

function readOptions(kind: string, entry: AnyEntry<unknown>, given: Readonly<Record<string, string>>) {
  const fields = entry.fields as Record<string, OptionField<string | number>>;
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(fields, key)) {
      throw new GrapevineError(
        'BAD_SPEC',
        unknownNameMessage(`key of ${kind} ${entry.name}`, key, Object.keys(fields)),
        {
          kind,
          key,
        },
      );
    }
  }
  const options: Record<string, string | number> = {};
  for (const [key, field] of Object.entries(fields)) {
    const text = given[key];
    if (text === undefined) {
      if (field.default !== undefined) options[key] = field.default;
      continue;
    }
    const outcome = field.read(text);
    if ('wanted' in outcome) {
      throw new GrapevineError(
        'BAD_SPEC',
        `${kind} ${entry.name}: ${key}=${text}, wanted ${outcome.wanted}.`,
        { kind, key },
      );
    }
    options[key] = outcome.value;
  }
  return options;
}

export function createRegistry<Made>(kind: string, entries: readonly AnyEntry<Made>[]): Registry<Made> {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const read = (text: string) => {
    const spec = parseSpec(text, kind);
    const entry = byName.get(spec.name);
    if (entry === undefined) {
      throw new GrapevineError('BAD_SPEC', unknownNameMessage(kind, spec.name, [...byName.keys()]), {
        kind,
        name: spec.name,
      });
    }
    const given = readOptions(kind, entry, spec.options);
    const options = entry.complete?.(given) ?? given;
    return { entry, options, canonical: formatSpec(entry.name, options) };
  };
  return {
    kind,
    entries: entries.map(({ name, summary }) => ({ name, summary })),
    resolve(text) {
      const { entry, options, canonical } = read(text);
      return entry.make(options, canonical);
    },
    canonical: (text) => read(text).canonical,
  };
}
