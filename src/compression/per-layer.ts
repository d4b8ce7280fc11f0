/**
 * Different compressors for different layers, `per-layer:conv*=low-rank:rank=4,*=sign`. Rules are tried in the order
 * written, and the first whose pattern matches the whole name of a block decides; `*` stands for any characters, also
 * none, `?` for one. A block without a rule is an error, not a guess.
 */
import { GrapevineError } from '../base/errors.js';
import type { BlockShape, OperatorPlan } from './operator.js';

export interface LayerRule {
  /** As written. */
  readonly pattern: string;
  readonly plan: OperatorPlan;
}

/** Whether all of `name` matches `pattern`: at a mismatch only the last `*` takes one more, so |pattern| |name| steps do. */
export function matchesPattern(pattern: string, name: string): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let taken = 0;
  while (at < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      taken = at;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[at])) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++taken;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** @throws GrapevineError BAD_SPEC when no rule matches */
function ruleFor(rules: readonly LayerRule[], { name }: BlockShape): LayerRule {
  const rule = rules.find(({ pattern }) => matchesPattern(pattern, name));
  if (rule !== undefined) return rule;
  throw new GrapevineError(
    'BAD_SPEC',
    `per-layer: block "${name}" matches none of ${rules.map(({ pattern }) => pattern).join(', ')}. Add a last rule for the rest, for example *=int8.`,
    { kind: 'compressor', block: name },
  );
}

/** The plan of all rules. A budget in a rule is for the blocks of that rule together. */
export function planPerLayer(rules: readonly LayerRule[]): OperatorPlan {
  const settle: OperatorPlan['settle'] = (slices, state) => {
    const chosen = slices.map((slice) => ruleFor(rules, slice));
    const operators = slices.map((slice, k) => chosen[k].plan(slice));
    for (const rule of rules) {
      const own = [...slices.keys()].filter((k) => chosen[k] === rule);
      const settled = rule.plan.settle?.(
        own.map((k) => slices[k]),
        own.map((k) => state[k]),
      );
      settled?.forEach((operator, k) => {
        operators[own[k]] = operator;
      });
    }
    return operators;
  };
  const looks = rules.some(({ plan }) => plan.settle !== undefined);
  return Object.assign((shape: BlockShape) => ruleFor(rules, shape).plan(shape), looks && { settle });
}
