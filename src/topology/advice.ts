/** What a person should know before a run on this topology: sentences about figures that cost rounds or bytes. */
import type { TopologyDescription } from './describe.js';

/** Below this a thousandfold shrink of disagreement takes some 700 rounds, more than most runs have. */
const SMALL_GAP = 0.01;

/** |lambda_n| over |lambda_2| from which the negative end is worth a remark. */
const NEGATIVE_END = 1.01;

/** Messages of the busiest peer over the mean from which it is a hub. */
const HUB_SHARE = 4;

/** From this many nodes on a better graph makes a difference. */
const SMALL_GRAPH = 9;

/** Sentences, each with what to do; none for a topology without a catch. */
export function adviceFor(facts: TopologyDescription): string[] {
  return [smallGap(facts), negativeEnd(facts), hub(facts)].filter((sentence) => sentence !== undefined);
}

function smallGap(facts: TopologyDescription): string | undefined {
  if (facts.period !== undefined) return undefined; // the gap of the union says little
  const { spectralGap, nodes, rounds, degree } = facts;
  if (spectralGap === null)
    return `The gap is too small to compute: models far apart will hardly hear of each other. Consider random-regular:degree=4.`;
  if (spectralGap >= SMALL_GAP || nodes < SMALL_GRAPH) return undefined;
  const better =
    degree.max <= 4 ? 'random-regular:degree=4, whose gap is about 0.1 or more at any size' : 'more edges';
  return `The gap is small: ${rounds.plain} rounds until ${rounds.target} of the disagreement is left. Consider ${better}.`;
}

function negativeEnd({ lambda2, lambdaMin, spectralGap, period }: TopologyDescription): string | undefined {
  if (period !== undefined || lambda2 === null || lambdaMin === null || spectralGap === null)
    return undefined;
  if (-lambdaMin < NEGATIVE_END * Math.abs(lambda2) || spectralGap > 0.9) return undefined;
  return (
    `The slowest mode alternates (lambda min ${lambdaMin.toFixed(4)}): neighbors overshoot each other, and the gap is smaller ` +
    'than the graph allows. Larger self weights, such as (I + W) / 2, damp it.'
  );
}

function hub({ traffic, nodes }: TopologyDescription): string | undefined {
  const { mean, max } = traffic.sentPerPeer;
  if (max < HUB_SHARE * mean || nodes < SMALL_GRAPH) return undefined;
  return `One peer sends ${max} messages a round, ${(max / mean).toFixed(0)} times the mean: rounds go at the pace of its link. In random-regular all send the same.`;
}
