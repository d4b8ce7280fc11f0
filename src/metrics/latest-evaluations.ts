/**
 * Views of a swarm whose peers share no rounds (pace asynchronous): each is made of the latest evaluation of every peer,
 * however far that peer had come. A view is due when as many evaluations have come in as there are peers, and when all
 * peers have evaluated the same round, as at the end of a run. Where peers are equally quick, that is a view a round, as
 * in lockstep; a slow peer delays none. One evaluation a peer is kept.
 *
 * A mean over models of different moments is not quite the swarm's at any moment: a correction may be in one of its two
 * models and not yet in the other. The last view is exact, since a run ends with all peers in the same state.
 */
import {
  type EvaluationCollector,
  type PeerEvaluation,
  type SwarmView,
  viewOf,
} from './evaluation-collector.js';

export function createLatestEvaluations(peers: Iterable<number>): EvaluationCollector {
  const expected = new Set(peers);
  const latest = new Map<number, PeerEvaluation>();
  const since = { fresh: 0 };

  const takeDue = (): SwarmView[] => {
    const reports = [...latest.values()].sort((a, b) => a.peer - b.peer);
    const rounds = new Set(reports.map(({ round }) => round));
    const level = reports.length === expected.size && rounds.size === 1;
    if (reports.length === 0 || since.fresh === 0 || !(level || since.fresh >= expected.size)) return [];
    since.fresh = 0;
    // The rounds that the swarm has done, a peer: one that has not reported has done none.
    const done = reports.reduce((sum, { round }) => sum + round, 0) / expected.size;
    return [viewOf(Math.round(done), reports)];
  };

  return {
    state: { expected, latest, since },
    add(report) {
      if (!expected.has(report.peer)) return [];
      latest.set(report.peer, report);
      since.fresh += 1;
      return takeDue();
    },
    forget(peer) {
      expected.delete(peer);
      latest.delete(peer);
      return takeDue();
    },
    expect(peer) {
      expected.add(peer);
    },
  };
}
