/**
 * Short names for the values of an axis. Verified specs carry every option ("low-rank:rank=4,bits=4,iterations=1"); a
 * legend has room for what tells them apart. Of values with one name the options that differ remain ("rank=4"); only where
 * several names come with options, name and options ("low-rank rank=4"). What two values would share is left whole.
 */

const SPEC = /^([\w.-]+)(?::([\w.-]+=[^,:+]*(?:,[\w.-]+=[^,:+]*)*))?$/;

interface ParsedSpec {
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

/** null of what is more than a name and options, such as "low-rank+int8". */
function parseSpec(text: string): ParsedSpec | null {
  const match = SPEC.exec(text);
  if (match === null) return null;
  const pairs = (match[2]?.split(',') ?? []).map((pair) => pair.split('=', 2) as [string, string]);
  return { name: match[1]!, options: new Map(pairs) };
}

/** Keys whose values are not the same in all of `specs`. */
function differingKeys(specs: readonly ParsedSpec[]): ReadonlySet<string> {
  const keys = new Set(specs.flatMap(({ options }) => [...options.keys()]));
  return new Set([...keys].filter((key) => new Set(specs.map(({ options }) => options.get(key))).size > 1));
}

function shorten(spec: ParsedSpec, kin: readonly ParsedSpec[], named: boolean): string {
  const differing = differingKeys(kin);
  const options = [...spec.options]
    .filter(([key]) => differing.has(key))
    .map(([key, value]) => `${key}=${value}`);
  if (options.length === 0) return spec.name;
  return named ? `${spec.name} ${options.join(' ')}` : options.join(' ');
}

/** The short name of each of the distinct `values` of `axis`; distinct, too. */
export function labelsOf(axis: string, values: readonly unknown[]): ReadonlyMap<string, string> {
  const texts = values.map((value) =>
    typeof value === 'string' ? value : `${axis}=${value === null ? 'default' : JSON.stringify(value)}`,
  );
  const specs = texts.map((text, index) => (typeof values[index] === 'string' ? parseSpec(text) : null));
  const parsed = specs.filter((spec) => spec !== null);
  const names = parsed.map(({ name }) => name);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) < index));
  const named = repeated.size > 1;
  const short = specs.map((spec, index) => {
    if (spec === null) return texts[index]!;
    const kin = parsed.filter(({ name }) => name === spec.name);
    return shorten(spec, kin, named);
  });
  const shared = (label: string): boolean => short.filter((other) => other === label).length > 1;
  return new Map(
    values.map((value, index) => [
      JSON.stringify(value),
      shared(short[index]!) ? texts[index]! : short[index]!,
    ]),
  );
}
