/** What a peer answers to those who watch it, from its first moment on: /healthz, /readyz and /metrics on one port. */
import { systemClock } from '../base/clock.js';
import type { MetricsEvent } from '../metrics/events.js';
import { startHealthServer } from './health-server.js';
import type { OperationEvent } from './log-entry.js';
import type { PeerVitals } from './peer-metrics.js';

export interface Probes {
  readonly port: number;
  /** From now on health and numbers are those of `session`. */
  follow(session: { vitals(): PeerVitals }): void;
  observe(event: MetricsEvent | OperationEvent): void;
  stop(): Promise<void>;
}

/** Before a peer knows its swarm. */
const joining: PeerVitals = {
  health: { state: 'joining', round: 0, links: 0, neighbors: 0 },
  edges: { active: 0, inactive: 0, closed: 0 },
  neighborDistance: null,
  receivedBytes: 0,
};

/** @throws GrapevineError ADDRESS_IN_USE */
export async function startProbes(init: {
  readonly host: string;
  readonly port: number;
  readonly stallMs: number;
}): Promise<Probes> {
  const { createPeerMetrics } = await import('./peer-metrics.js'); // prom-client: for peers that are asked
  let followed: { vitals(): PeerVitals } | null = null;
  const vitals = (): PeerVitals => followed?.vitals() ?? joining;
  const metrics = createPeerMetrics(vitals, () => Date.now() / 1000);
  const server = await startHealthServer({
    ...init,
    clock: systemClock,
    health: () => vitals().health,
    metrics,
  });
  return {
    port: server.port,
    follow(session) {
      followed = session;
    },
    observe: metrics.observe,
    async stop() {
      await server.stop();
      metrics.stop();
    },
  };
}
