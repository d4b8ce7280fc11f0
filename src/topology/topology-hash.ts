/**
 * A fingerprint by which peers check that they mean the same topology before they gossip. It covers what the
 * arithmetic depends on, number of nodes, edges and weights, and not the name: a torus of 1 x 8 is a ring of 8. Of a
 * schedule it covers the rounds, and where they are drawn at random for ever, the first ones: the seed is in those.
 */
import { createHash } from 'node:crypto';
import { roundsOf } from './schedule.js';
import type { DirectedMatrix, MixingMatrix, Topology } from './topology.js';

/** Heads the hashed text; a change of its form must change this line. */
const HEADER = 'grapevine topology 1';

/** 16 hex digits: 64 bits tell apart mistakes; they are no defense against an attacker. */
const HEX_DIGITS = 16;

/**
 * First 16 hex digits of the SHA-256 of the text below. Self weights are left out: rows sum to 1.
 *
 *     grapevine topology 1
 *     <nodes>
 *     <i> <j> <w_ij>     one line an edge, i < j, ascending, the weight in the shortest decimal form that reads back
 *
 * and of a time-varying topology, for each round of a period, or of the first few:
 *
 *     round <t>
 *     <i> <j> <w_ij>
 *
 * and of one with a one-way form, for each such round, the arcs from i to j with the share p_ji:
 *
 *     directed round <t>
 *     <i> <j> <p_ji>
 */
export function topologyHash(topology: Pick<Topology, 'mixing' | 'schedule' | 'directed'>): string {
  const { mixing, schedule, directed } = topology;
  const hash = createHash('sha256').update(`${HEADER}\n${mixing.graph.nodes}\n`);
  for (const lines of edgeLines(mixing)) hash.update(lines);
  for (const round of schedule === undefined ? [] : roundsOf(schedule)) {
    hash.update(`round ${round}\n`);
    for (const lines of edgeLines(schedule!.mixingAt(round))) hash.update(lines);
  }
  for (const round of directed === undefined ? [] : roundsOf(directed)) {
    hash.update(`directed round ${round}\n`);
    for (const lines of arcLines(directed!.matrixAt(round))) hash.update(lines);
  }
  return hash.digest('hex').slice(0, HEX_DIGITS);
}

/** One text a node, so that none grows long. */
function* edgeLines({ graph, weights }: MixingMatrix): Generator<string> {
  for (let i = 0; i < graph.nodes; i++) {
    let lines = '';
    for (let k = graph.offsets[i]!; k < graph.offsets[i + 1]!; k++) {
      const j = graph.targets[k]!;
      if (i < j) lines += `${i} ${j} ${weights[k]!}\n`;
    }
    yield lines;
  }
}

function* arcLines({ nodes, offsets, targets, shares }: DirectedMatrix): Generator<string> {
  for (let i = 0; i < nodes; i++) {
    let lines = '';
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++) lines += `${i} ${targets[k]!} ${shares[k]!}\n`;
    yield lines;
  }
}
