/**
 * The grammar of compressors: names with options (base/spec.ts), and what is built of them.
 *
 *     spec      = "ef+" spec | "per-layer:" rule { "," rule } | stages
 *     rule      = pattern "=" ( "ef+" ... | stages )       pattern: any characters but , and =
 *     stages    = numbers { "++" numbers }                 A++B: B sends what A left over
 *     numbers   = name { "+" name }                        A+B: B sends the numbers of A
 *     name      = "low-rank:rank=8", ...
 *
 * Longer chains group from the right: A+B+C is A+(B+C). A `+` joins only before a letter, so 1e+5 stays a number. In
 * `per-layer` a comma begins a rule where what follows is `pattern=compressor`; else it separates options.
 */
import { GrapevineError } from '../base/errors.js';
import type { Registry } from '../base/registry.js';
import { planCarried } from './carried.js';
import { planErrorFeedback } from './error-feedback.js';
import { MAX_DEPTH } from './nesting.js';
import type { DecoderTable, OperatorPlan } from './operator.js';
import { planPerLayer } from './per-layer.js';
import { planStaged } from './staged.js';

export interface ResolvedPlan {
  readonly plan: OperatorPlan;
  /** Canonical: every option spelled out. */
  readonly spec: string;
}

/** What specs are made of, and what reads the bytes of their parts. */
export interface Grammar {
  readonly families: Registry<ResolvedPlan>;
  readonly decoders: DecoderTable;
}

const FEEDBACK = 'ef+';
const PER_LAYER = 'per-layer:';
const SUM = /\+\+(?=[a-z])/;
const NUMBERS = /\+(?=[a-z])/;

function refuse(text: string, problem: string): never {
  throw new GrapevineError('BAD_SPEC', `compressor "${text}": ${problem}`, { kind: 'compressor', text });
}

/** Whether a canonical spec has error feedback in it: around all, or around a rule of per-layer. */
export function hasErrorFeedback(spec: string): boolean {
  return /(^|=)ef\+/.test(spec);
}

/** Reads a whole spec. @throws GrapevineError BAD_SPEC */
export function resolvePlan(text: string, grammar: Grammar): ResolvedPlan {
  const spec = text.trim();
  if (spec.startsWith(PER_LAYER)) return resolveRules(spec, grammar);
  if (/^per-layer\b/.test(spec)) refuse(text, 'wanted rules, for example per-layer:dense1=low-rank,*=int8.');
  return resolveFeedback(spec, grammar, resolvePlan);
}

function resolveFeedback(
  spec: string,
  grammar: Grammar,
  resolveInner: (spec: string, grammar: Grammar) => ResolvedPlan,
): ResolvedPlan {
  if (spec === 'ef') refuse(spec, 'wanted a compressor for the error feedback, for example ef+top-k.');
  if (!spec.startsWith(FEEDBACK)) return resolveStages(spec, grammar);
  const inner = spec.slice(FEEDBACK.length).trim();
  if (inner.startsWith(FEEDBACK)) refuse(spec, 'error feedback is given twice. Remove one ef+.');
  const resolved = resolveInner(inner, grammar);
  return {
    plan: planErrorFeedback(resolved.plan, grammar.decoders),
    spec: FEEDBACK + resolved.spec,
  };
}

/** A++B++... */
function resolveStages(spec: string, grammar: Grammar): ResolvedPlan {
  const stages = spec.split(SUM);
  const depth = stages.length - 1 + Math.max(...stages.map((stage) => stage.split(NUMBERS).length - 1));
  if (depth > MAX_DEPTH)
    refuse(spec, `got ${depth} compositions in one another, wanted ${MAX_DEPTH} at most.`);
  return stages
    .map((stage) => resolveNumbers(stage, grammar))
    .reduceRight((second, first) => ({
      plan: planStaged(first.plan, second.plan, grammar.decoders),
      spec: `${first.spec}++${second.spec}`,
    }));
}

/** A+B+... */
function resolveNumbers(spec: string, { families, decoders }: Grammar): ResolvedPlan {
  return spec
    .split(NUMBERS)
    .map((name) => families.resolve(name))
    .reduceRight((inner, outer) => {
      const { carrier } = outer.plan;
      if (carrier === undefined) {
        return refuse(
          spec,
          `${outer.spec} has no numbers to hand to ${inner.spec}; low-rank, svd, randomized-svd, top-k and rand-k have. Use ++ for two stages.`,
        );
      }
      return { plan: planCarried(carrier, inner.plan, decoders), spec: `${outer.spec}+${inner.spec}` };
    });
}

/** Commas that begin a rule: the word after the pattern names a compressor. */
function splitRules(text: string, { families }: Grammar): string[] {
  const names = new Set([...families.entries.map(({ name }) => name), 'ef']);
  const rules: string[] = [];
  for (const part of text.split(',')) {
    const word = /^[^=]*=\s*([a-z0-9-]+)/.exec(part)?.[1];
    if (rules.length === 0 || (word !== undefined && names.has(word))) rules.push(part);
    else rules[rules.length - 1] += `,${part}`;
  }
  return rules;
}

function resolveRules(spec: string, grammar: Grammar): ResolvedPlan {
  const rules = splitRules(spec.slice(PER_LAYER.length), grammar).map((rule) => {
    const equals = rule.indexOf('=');
    const pattern = rule.slice(0, Math.max(equals, 0)).trim();
    if (pattern === '')
      refuse(spec, `"${rule}" is not pattern=compressor, for example conv*=low-rank:rank=4.`);
    return { pattern, ...resolveFeedback(rule.slice(equals + 1).trim(), grammar, resolveStages) };
  });
  return {
    plan: planPerLayer(rules),
    spec: PER_LAYER + rules.map((rule) => `${rule.pattern}=${rule.spec}`).join(','),
  };
}
