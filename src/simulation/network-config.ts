/** From the keys of a simulation to its network: one link for all, delays from a matrix, then what specs say of some. */
import { assert } from '../base/assert.js';
import { GrapevineError } from '../base/errors.js';
import { createRandom, gaussian } from '../base/random.js';
import type { SimulationConfig } from '../config/schema.js';
import { canBurst, type LinkOptions } from './link-model.js';
import { type LinkOverride, readLinkSpec } from './link-spec.js';
import type { AccessOptions, NetworkOptions } from './network.js';

export interface SwarmShape {
  readonly peers: number;
  neighborsOf(node: number): readonly number[];
}

function defaultLink(config: SimulationConfig): LinkOptions {
  const { latencyMs, jitterMs, jitterShape, bandwidthMbps, loss, lossBurst, framing } = config;
  return {
    latencyMs,
    jitterMs,
    bandwidthMbps,
    loss,
    duplication: 0,
    corruption: 0,
    ...(jitterShape === undefined ? {} : { jitterShape }),
    ...(lossBurst === undefined ? {} : { lossBurst }),
    ...(framing === undefined ? {} : { framing }),
  };
}

function checkOverride({ spec, peers }: LinkOverride, swarm: SwarmShape): void {
  const refuse = (wanted: string): never => {
    throw new GrapevineError('BAD_CONFIG', `link "${spec}": ${wanted}.`, { spec });
  };
  if (peers.some((peer) => peer >= swarm.peers)) refuse(`wanted peers from 0 to ${swarm.peers - 1}`);
  const [a, b] = peers as [number, number?];
  if (b !== undefined && !swarm.neighborsOf(a).includes(b))
    refuse(`peers ${a} and ${b} are no neighbors; peer ${a} has ${swarm.neighborsOf(a).join(', ')}`);
}

function checkBurst({ loss, lossBurst }: LinkOptions, who: string): void {
  if (lossBurst === undefined || canBurst(loss, lossBurst)) return;
  const least = Math.ceil((loss / (1 - loss)) * 100) / 100;
  throw new GrapevineError(
    'BAD_CONFIG',
    `${who}: losing ${loss} of the frames in runs of ${lossBurst} is impossible, wanted lossBurst of at least ${least}.`,
  );
}

/**
 * The network that `config` describes for a swarm; its latencyMatrix has been read (config/latency-matrix.ts).
 * @throws GrapevineError BAD_SPEC, BAD_CONFIG
 */
export function createNetwork(config: SimulationConfig, swarm: SwarmShape): NetworkOptions {
  const { latencyMatrix: matrix, uplinkMbps, downlinkMbps } = config;
  assert(typeof matrix !== 'string', 'the latency matrix has been read');
  const base = defaultLink(config);
  checkBurst(base, 'loss');
  const overrides = (config.links ?? []).map(readLinkSpec);
  for (const override of overrides) checkOverride(override, swarm);
  const all: AccessOptions = {
    ...(uplinkMbps === undefined ? {} : { uplinkMbps }),
    ...(downlinkMbps === undefined ? {} : { downlinkMbps }),
  };
  const known = new Map<string, LinkOptions>();
  const linkBetween = (from: number, to: number): LinkOptions => {
    if (matrix === undefined && overrides.length === 0) return base;
    const key = `${from}>${to}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const measured = matrix === undefined ? base : { ...base, latencyMs: matrix[from]![to]! };
    const concerned = overrides.filter(({ peers }) => peers.every((peer) => peer === from || peer === to));
    const link = Object.assign({ ...measured }, ...concerned.map((each) => each.link)) as LinkOptions;
    known.set(key, link);
    return link;
  };
  for (const { spec, peers } of overrides) {
    const [a, b = swarm.neighborsOf(a!)[0]] = peers;
    if (b !== undefined) checkBurst(linkBetween(a!, b), `link "${spec}"`);
  }
  return {
    linkBetween,
    access(node) {
      const own = overrides.filter(({ peers }) => peers.length === 1 && peers[0] === node);
      return Object.assign({ ...all }, ...own.map(({ access }) => access)) as AccessOptions;
    },
  };
}

/**
 * Virtual duration of the local steps of one peer in one round: H stepMs, times a log-normal factor of mean 1 whose
 * logarithm has the standard deviation `stepJitter`: exp(s z - s^2 / 2). Drawn for each peer and round, from the seed.
 */
export function trainingTimes(
  { stepMs, stepJitter = 0 }: Pick<SimulationConfig, 'stepMs' | 'stepJitter'>,
  { localSteps, seed }: { readonly localSteps: number; readonly seed: number },
): (node: number, round: number) => number {
  const meanMs = localSteps * stepMs;
  if (stepJitter === 0) return () => meanMs;
  return (node, round) => {
    const z = gaussian(createRandom(seed, 'step jitter', node, round));
    return meanMs * Math.exp(stepJitter * z - stepJitter ** 2 / 2);
  };
}
