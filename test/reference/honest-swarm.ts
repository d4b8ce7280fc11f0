/**
 * A swarm of honest peers on real libp2p links in this process, for tests that let others at it: the same run is
 * simulated beside it, and must have the same parameters in every round, to the bit.
 *
 * Nothing waits for time to pass: the first peer holds its training in round HELD_ROUND until the test lets go.
 */
import { systemClock } from '../../src/base/clock.js';
import { planRun, type RunPlan } from '../../src/config/run-plan.js';
import { verifyRunConfig } from '../../src/config/verify.js';
import { createLibp2pTransport, type Libp2pTransport } from '../../src/node/libp2p-transport.js';
import type { LinkRefusal } from '../../src/node/link.js';
import { Peer } from '../../src/node/peer.js';
import type { Transport } from '../../src/node/transport.js';
import { perfectLink } from '../../src/simulation/link-model.js';
import { runSimulation } from '../../src/simulation/simulator.js';
import { layoutHash } from '../../src/training/parameters.js';
import type { Trainer } from '../../src/training/trainer.js';
import { swarmTagOf } from '../../src/wire/encode.js';
import type { Delta, Frame, Hello } from '../../src/wire/frame.js';

export const SWARM = 'strangers';
export const swarmTag = swarmTagOf(SWARM);
export const limits = { maxFrameBytes: 1 << 20 };
export const LISTEN = ['/ip4/127.0.0.1/tcp/0'];
const delivery = { retransmitMs: null, audit: false };
/** The first peer of a swarm holds its training in this round. */
export const HELD_ROUND = 4;
export const ROUNDS = 8;

export type Trace = (string | undefined)[][];
const hex = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');

export function planOf(over: Record<string, unknown> = {}): RunPlan {
  const config = verifyRunConfig({
    peers: 6,
    topology: 'ring',
    rounds: ROUNDS,
    task: 'quadratic:dimension=64',
    learningRate: 0.05,
    seed: 9,
    ...over,
  });
  return planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
}

/** The rounds of every peer when those of `absent` are dead from the beginning. */
export async function simulated(plan: RunPlan, absent: readonly number[] = []): Promise<Trace> {
  const trace: Trace = Array.from({ length: plan.config.peers }, () => []);
  const models = await Promise.all(trace.map((_, peer) => plan.createModel(peer)));
  const trainers = models.map((model, peer) => plan.createTrainer(peer, model));
  await runSimulation({
    peers: models.map((model, peer) => plan.createPeer(peer, model, delivery)),
    train: (node, round, parameters) => trainers[node]!.train(parameters, round),
    trainingMs: () => 1,
    link: perfectLink,
    faults: absent.map((node) => ({ type: 'kill', node, atMs: 0 })),
    seed: plan.config.seed,
    ...limits,
    horizonMs: Number.POSITIVE_INFINITY,
    observe({ node, effects }) {
      for (const effect of effects)
        if (effect.type === 'roundFinished') trace[node]!.push(hex(effect.parameters));
    },
  });
  return trace;
}

/** Something that tests wait for and change. */
class Signal {
  private waiting: (() => void)[] = [];
  readonly wake = (): void => {
    for (const check of this.waiting.splice(0)) check();
  };
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

interface EdgeNews {
  readonly peer: number;
  readonly neighbor: number;
  readonly state: string;
  readonly reason: string;
}

export const helloOf = (plan: RunPlan, layout: string): Hello => ({
  protocol: 1,
  swarm: SWARM,
  configHash: plan.configHash,
  topologyHash: plan.topologyHash,
  layoutHash: layout,
  ...limits,
});

/** The honest peers of `plan` on real links, and what their side says about strangers. */
export class HonestSwarm extends Signal {
  readonly trace: Trace;
  readonly refusals: (LinkRefusal & { readonly peer: number })[] = [];
  readonly edges: EdgeNews[] = [];
  readonly payloadBytes: number[] = [];
  readonly transports = new Map<number, Libp2pTransport>();
  private readonly runs: Promise<number>[] = [];
  private readonly plan: RunPlan;
  private release = (): void => {};
  private readonly held = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  constructor(plan: RunPlan) {
    super();
    this.plan = plan;
    this.trace = Array.from({ length: plan.config.peers }, () => []);
  }

  /** Starts `nodes`; the first of them all is the one that others join through, and that holds. */
  async start(nodes: readonly number[], disguise = (transport: Transport) => transport): Promise<void> {
    for (const node of nodes) await this.startOne(node, disguise);
  }

  private async startOne(node: number, disguise: (transport: Transport) => Transport): Promise<void> {
    const { plan } = this;
    const model = await plan.createModel(node);
    const state = plan.createPeer(node, model, delivery);
    const transport = await createLibp2pTransport({
      node,
      neighbors: state.edges.map(({ neighbor }) => neighbor),
      hello: helloOf(plan, layoutHash(model.layout)),
      swarmTag,
      limits,
      listen: LISTEN,
      bootstrap: this.bootstrap(),
      seed: node,
      onRefused: (refusal) => {
        this.refusals.push({ ...refusal, peer: node });
        this.wake();
      },
    });
    const isFirst = this.transports.size === 0;
    const trainer = plan.createTrainer(node, model);
    await new Promise<void>((resolve, reject) => {
      const peer = new Peer({
        state,
        trainer: isFirst ? this.holding(trainer) : trainer,
        transport: disguise(transport),
        clock: systemClock,
        swarmTag,
        limits,
        evaluateEvery: 1000,
        startTimeoutMs: 60_000,
        onListening: resolve,
        onRound: ({ event, parameters }) => {
          this.trace[node]!.push(hex(parameters));
          this.payloadBytes[node] = event.payloadBytes;
          this.wake();
        },
        onEdge: (event) => {
          this.edges.push(event);
          this.wake();
        },
      });
      const run = peer.run();
      run.catch(reject);
      this.runs.push(run);
    });
    this.transports.set(node, transport);
  }

  private holding(trainer: Trainer): Trainer {
    return {
      ...trainer,
      train: async (parameters, round) => {
        if (round === HELD_ROUND) await this.held;
        return trainer.train(parameters, round);
      },
      evaluate: (parameters) => trainer.evaluate(parameters),
      stop: () => trainer.stop(),
    };
  }

  bootstrap(): string[] {
    return [...this.transports.values()].slice(0, 1).flatMap((transport) => transport.addresses());
  }

  /** All honest peers have trained and exchanged up to the round that is held. */
  async reachHeldRound(): Promise<void> {
    const node = [...this.transports.keys()][0]!;
    await this.until(() => this.trace[node]!.length === HELD_ROUND - 1);
  }

  /** Lets the training go on to its end. */
  async finish(): Promise<void> {
    this.release();
    await Promise.all(this.runs);
  }

  refusalCodes(peer: number): string[] {
    return this.refusals.filter((each) => each.peer === peer).map(({ error }) => error.code);
  }
}

/** A difference from anybody to anybody: number 1 of round 1, unless `over` says otherwise. */
export function deltaFrame(
  ends: { readonly sender: number; readonly receiver: number },
  bytes: Uint8Array,
  over: Partial<Delta> = {},
): Frame {
  const delta: Delta = {
    sequence: 1,
    round: 1,
    acknowledged: 0,
    gamma: 1,
    parts: [{ kind: 'add', bytes }],
    ...over,
  };
  return { kind: 'delta', swarmTag, ...ends, delta };
}
