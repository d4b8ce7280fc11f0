/**
 * Texts that a stranger might send where JSON is expected, from a seed: bytes damaged on the way, and JSON whose maker
 * knows the format and lies in it: other types, awkward numbers, keys that objects have already, depth, and text that a
 * terminal obeys.
 */
import { createRandom, nextUint32, type Random, uniform, uniformInt } from '../../src/base/random.js';

export interface TextMutant {
  readonly how: string;
  readonly text: string;
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[uniformInt(random, items.length)]!;
}

/** More than any parser of ours descends; JSON of this depth fits into every message. */
const DEPTH = 1000;
const nested = (open: string, inner: string, close: string): string =>
  open.repeat(DEPTH) + inner + close.repeat(DEPTH);

/** JSON texts to put in the place of any value. */
const lies: readonly string[] = [
  'null',
  'true',
  '-1',
  '0.5',
  '1e400',
  '4096',
  '9007199254740993',
  '4294967296',
  '""',
  '"\\u001b[2J\\u001b]0;owned\\u0007"',
  '"line\\nrefused: nobody [REVOKED]"',
  '"\\u202egnp.exe"',
  '"\\ud800"',
  JSON.stringify('x'.repeat(300)),
  JSON.stringify('/ip4/127.0.0.1/tcp/1/p2p/../../etc/passwd'),
  '[]',
  '{}',
  '{"__proto__":{"admitted":true}}',
  '{"constructor":{"prototype":{"admitted":true}}}',
  '[[["deep"]]]',
];
const keys: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'extra',
  '',
  '\\u001b[31m',
  'x'.repeat(300),
];

/** Replaces one value of the JSON, wherever it stands. */
function lieInValue(random: Random, text: string): string {
  const spots = [...text.matchAll(/"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?|true|false|null/g)];
  const spot = pick(random, spots);
  return text.slice(0, spot.index) + pick(random, lies) + text.slice(spot.index + spot[0].length);
}

function addKey(random: Random, text: string): string {
  const at = pick(random, [...text.matchAll(/\{/g)]).index + 1;
  const comma = text[at] === '}' ? '' : ',';
  return `${text.slice(0, at)}"${pick(random, keys)}":${pick(random, lies)}${comma}${text.slice(at)}`;
}

function repeatKey(random: Random, text: string): string {
  const pair = pick(random, [...text.matchAll(/"(\w+)":/g)]);
  return `${text.slice(0, pair.index)}"${pair[1]}":${pick(random, lies)},${text.slice(pair.index)}`;
}

function dropKey(random: Random, text: string): string {
  const pair = pick(random, [...text.matchAll(/"\w+":(?:"(?:[^"\\]|\\.)*"|[\w.-]+),?/g)]);
  return text.slice(0, pair.index) + text.slice(pair.index + pair[0].length);
}

function deepen(random: Random, text: string): string {
  const deep = uniform(random) < 0.5 ? nested('[', '', ']') : nested('{"a":', '1', '}');
  const spots = [...text.matchAll(/:/g)];
  const at = pick(random, spots).index + 1;
  return uniform(random) < 0.2 ? deep : `${text.slice(0, at)}${deep}${text.slice(at)}`;
}

function damage(random: Random, text: string): string {
  const at = uniformInt(random, text.length);
  const character = String.fromCharCode(
    pick(random, [0, 9, 10, 27, 34, 92, 123, 125, 127, 155, 8238, 55296]),
  );
  return text.slice(0, at) + character + text.slice(at + uniformInt(random, 3));
}

const truncate = (random: Random, text: string): string => text.slice(0, uniformInt(random, text.length));

const noise = (random: Random): string =>
  String.fromCharCode(...Array.from({ length: uniformInt(random, 60) }, () => nextUint32(random) & 0x1ff));

const mutations = { lieInValue, addKey, repeatKey, dropKey, deepen, damage, truncate, noise };

/** Mutant number `index` of the sequence `seed`: one or two mutations of `original`, a JSON object. */
export function textMutantOf(seed: number, index: number, original: string): TextMutant {
  const random = createRandom(seed, 'text mutant', index);
  const [how, mutate] = pick(random, Object.entries(mutations));
  const first =
    uniform(random) < 0.4 ? pick(random, [lieInValue, addKey, repeatKey])(random, original) : original;
  return { how, text: mutate(random, first) };
}
