/**
 * A fingerprint by which peers check that they mean the same topology before they gossip. It covers what the
 * arithmetic depends on, number of nodes, edges and weights, and not the name: a torus of 1 x 8 is a ring of 8.
 */
import { createHash } from 'node:crypto';
import type { Topology } from './topology.js';

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
 */
export function topologyHash({ mixing }: Pick<Topology, 'mixing'>): string {
  const { graph, weights } = mixing;
  const hash = createHash('sha256').update(`${HEADER}\n${graph.nodes}\n`);
  for (let i = 0; i < graph.nodes; i++) {
    let lines = '';
    for (let k = graph.offsets[i]!; k < graph.offsets[i + 1]!; k++) {
      const j = graph.targets[k]!;
      if (i < j) lines += `${i} ${j} ${weights[k]!}\n`;
    }
    hash.update(lines);
  }
  return hash.digest('hex').slice(0, HEX_DIGITS);
}
