/** Which links are up between virtual peers that come and go, and who is told when. */
import type { Input } from '../consensus/events.js';
import type { EventQueue } from './event-queue.js';
import type { Partition } from './fault.js';
import type { VirtualNetwork } from './network.js';
import type { NodeEvent, VirtualNode } from './virtual-node.js';

function crosses({ nodes }: Partition, a: number, b: number): boolean {
  return nodes.includes(a) !== nodes.includes(b);
}

export class LinkUps {
  /** Under way. */
  readonly partitions = new Set<Partition>();
  private readonly nodes: readonly VirtualNode[];
  private readonly queue: EventQueue<NodeEvent>;
  private readonly network: VirtualNetwork;

  constructor(at: {
    readonly nodes: readonly VirtualNode[];
    readonly queue: EventQueue<NodeEvent>;
    readonly network: VirtualNetwork;
  }) {
    this.nodes = at.nodes;
    this.queue = at.queue;
    this.network = at.network;
  }

  /** `node` learns, a latency from now, that its link to `neighbor` is down. */
  tellDown([node, neighbor]: readonly [number, number], nowMs: number, reason = 'LINK_DOWN'): void {
    this.tell(node, { type: 'neighborDown', neighbor, reason }, nowMs);
  }

  /** All neighbors of a peer learn that it is gone. */
  dropAll(index: number, nowMs: number): void {
    for (const { neighbor } of this.nodes[index]!.state.edges) {
      if (this.nodes[neighbor]!.awaySinceMs === null) this.tellDown([neighbor, index], nowMs);
    }
  }

  /** Both ends hear of a link that is up again, where both are there and want it, and nothing divides them. */
  link(a: number, b: number, nowMs: number): void {
    if (!this.isThere(a) || !this.isThere(b) || this.isDivided(a, b)) return;
    if (!this.wants(a, b) || !this.wants(b, a)) return;
    this.tell(a, { type: 'neighborUp', neighbor: b }, nowMs);
    this.tell(b, { type: 'neighborUp', neighbor: a }, nowMs);
  }

  isDivided(a: number, b: number): boolean {
    for (const partition of this.partitions) if (crosses(partition, a, b)) return true;
    return false;
  }

  divide(partition: Partition, how: 'divide' | 'heal', nowMs: number): void {
    const crossing = this.nodes.flatMap(({ state }, a) =>
      state.edges.flatMap(({ neighbor: b, linked }) =>
        a < b && crosses(partition, a, b) ? [{ a, b, linked }] : [],
      ),
    );
    if (how === 'divide') this.partitions.add(partition);
    else this.partitions.delete(partition);
    for (const { a, b, linked } of crossing) {
      if (partition.silent && linked) continue;
      if (how === 'heal') this.link(a, b, nowMs);
      else {
        this.tellDown([a, b], nowMs);
        this.tellDown([b, a], nowMs);
      }
    }
  }

  private wants(index: number, neighbor: number): boolean {
    const { view } = this.nodes[index]!;
    return view === null || view.neighbors.includes(neighbor);
  }

  private isThere(index: number): boolean {
    const { alive, awaySinceMs } = this.nodes[index]!;
    return alive && awaySinceMs === null;
  }

  private tell(node: number, input: Extract<Input, { readonly neighbor: number }>, nowMs: number): void {
    const { life } = this.nodes[node]!;
    const atMs = nowMs + this.network.latencyMs(input.neighbor, node);
    this.queue.push(atMs, { node, event: { type: 'input', input, life } });
  }
}
