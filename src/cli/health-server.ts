/**
 * Health of a running peer over HTTP, for systemd, containers and load balancers: /healthz says whether it makes
 * progress (restart it if not), /readyz whether it takes part in its swarm (wait if not). Both answer 200 or 503 with
 * the same JSON object, so that a person who looks sees why. /metrics has the numbers, for Prometheus.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../base/clock.js';
import { GrapevineError, messageOf } from '../base/errors.js';

/** What a peer knows of itself. */
export interface PeerHealth {
  readonly state: 'joining' | 'training' | 'finished' | 'failed';
  readonly round: number;
  /** Links that are up, and neighbors in all. */
  readonly links: number;
  readonly neighbors: number;
}

export interface HealthInit {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  readonly clock: Clock;
  /** A peer that trains and finishes no round for this long is not healthy. @default STALL_MS */
  readonly stallMs?: number;
  health(): PeerHealth;
  /** What /metrics answers with; absent: 404. */
  readonly metrics?: { readonly contentType: string; expose(): Promise<string> } | undefined;
}

export interface HealthServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A round takes seconds; one that waits for neighbors ends at its deadline, a minute by default. --stall-ms where rounds are longer. */
export const STALL_MS = 10 * 60_000;
/** Loopback only, unless somebody asks for more: what a peer does is nobody's business. */
const DEFAULT_HOST = '127.0.0.1';
/** Probes are short; a client that holds a socket is cut off. */
const REQUEST_TIMEOUT_MS = 5000;
/** How often that is looked at; Node's 30 s would let a slow client stay for so long. */
const LOOK_MS = 1000;
/** A probe's request has a few hundred bytes. */
const MAX_HEADER_BYTES = 4096;
/** At once: a few probes, and somebody who looks. More are turned away. */
const MAX_CLIENTS = 32;

/** `9464`, `0.0.0.0:9464` or `[::]:9464`. @throws GrapevineError BAD_USAGE */
export function parseHealthAddress(text: string): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([0-9a-f:]+)\]:|([^:[\]]+):)?(\d{1,5})$/i.exec(text);
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535)
    throw new GrapevineError(
      'BAD_USAGE',
      `--health-port ${text}: wanted a port, or an address and a port: 9464, 0.0.0.0:9464.`,
    );
  return { host: parts[1] ?? parts[2] ?? DEFAULT_HOST, port };
}

const limits = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: LOOK_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
};

/** Listens when this resolves. @throws GrapevineError ADDRESS_IN_USE */
export async function startHealthServer(init: HealthInit): Promise<HealthServer> {
  const { host, port, clock } = init;
  const isStalled = createStallWatch(init);
  const server = createServer(limits, (request, response) => {
    const health = init.health();
    const stalled = isStalled(health, clock.nowMs());
    answerTo(request, { ...health, stalled }, init.metrics).then(
      (answer) => send(request, response, answer),
      (error: unknown) => response.destroy(error instanceof Error ? error : new Error(messageOf(error))),
    );
  });
  server.maxConnections = MAX_CLIENTS;
  await new Promise<void>((resolve, reject) => {
    // It stays: a client that cannot be accepted (no file descriptors left) is no reason to end a peer.
    server.on('error', (error) => {
      const message = `cannot answer health checks on ${host}:${port}: ${messageOf(error)}. Choose another --health-port.`;
      reject(new GrapevineError('ADDRESS_IN_USE', message, { host, port }, error));
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Watches whether rounds go on, as often as it is asked. */
function createStallWatch({
  clock,
  stallMs = STALL_MS,
}: HealthInit): (health: PeerHealth, nowMs: number) => boolean {
  let seenRound = -1;
  let movedMs = clock.nowMs();
  return ({ state, round }, nowMs) => {
    if (round !== seenRound || state !== 'training') movedMs = nowMs;
    seenRound = round;
    return nowMs - movedMs > stallMs;
  };
}

type Judged = PeerHealth & { readonly stalled: boolean };

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const jsonAnswer = (status: number, body: object): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(body)}\n`,
});

async function answerTo(
  { url, method }: IncomingMessage,
  health: Judged,
  metrics: HealthInit['metrics'],
): Promise<Answer> {
  const path = (url ?? '/').split('?')[0]!;
  const paths = ['/healthz', '/readyz', ...(metrics === undefined ? [] : ['/metrics'])];
  if (!paths.includes(path)) return jsonAnswer(404, { paths });
  if (method !== 'GET' && method !== 'HEAD') return jsonAnswer(405, { methods: ['GET', 'HEAD'] });
  if (path === '/metrics') return { status: 200, type: metrics!.contentType, body: await metrics!.expose() };
  const fine = path === '/healthz' ? isLive(health) : isReady(health);
  return jsonAnswer(fine ? 200 : 503, health);
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(method === 'HEAD' ? undefined : body);
}

/** It makes progress, or waits for what is not its fault: nothing that a restart would mend. */
function isLive({ state, stalled }: Judged): boolean {
  return state !== 'failed' && !stalled;
}

/** It takes part: it has the swarm's model and exchanges with somebody, or is done. */
function isReady({ state, stalled, links, neighbors }: Judged): boolean {
  return state === 'finished' || (state === 'training' && !stalled && (links > 0 || neighbors === 0));
}
