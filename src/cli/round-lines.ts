/** One line for each round without an evaluation, once every living peer has finished it. */
import type { MetricsEvent } from '../metrics/events.js';
import { formatBytes, formatReal } from '../report/format.js';

/** Rounds remembered while peers catch up; older ones are printed no more. */
const MAX_OPEN_ROUNDS = 64;

interface OpenRound {
  readonly peers: Set<number>;
  lossSum: number;
  payloadBytes: number;
}

/** Feed it every event in order; it answers with a line or null. */
export function createRoundLines(): (event: MetricsEvent) => string | null {
  const open = new Map<number, OpenRound>();
  let living = 0;
  let evaluateEvery = 1;
  let lastRound = 0;

  return (event) => {
    if (event.event === 'run') {
      living = event.peer === undefined ? event.topology.nodes : 1;
      evaluateEvery = Number(event.config.evaluateEvery ?? 1);
      lastRound = Number(event.config.rounds ?? 0);
    }
    if (event.event === 'peer-lost') living -= 1;
    if (event.event !== 'round' || event.round % evaluateEvery === 0 || event.round === lastRound)
      return null;
    const round = open.get(event.round) ?? { peers: new Set(), lossSum: 0, payloadBytes: 0 };
    open.set(event.round, round);
    round.peers.add(event.peer);
    round.lossSum += event.loss;
    round.payloadBytes += event.payloadBytes;
    if (open.size > MAX_OPEN_ROUNDS) open.delete(Math.min(...open.keys()));
    if (round.peers.size < living) return null;
    open.delete(event.round);
    const count = round.peers.size;
    return `round ${event.round}  training loss ${formatReal(round.lossSum / count)}  payload ${formatBytes(round.payloadBytes / count)} per peer`;
  };
}
