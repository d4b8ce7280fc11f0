/**
 * What a user may say of single links and peers, in the grammar of all specs:
 *
 *     0-1:latency=100,bandwidth=1,loss=0.02     both directions of the edge between peers 0 and 1
 *     3:uplink=2,downlink=20,latency=40         peer 3: its own connection, and each of its edges
 *
 * What a spec leaves out stays as it is for all; later specs win over earlier ones.
 */
import { GrapevineError } from '../base/errors.js';
import { createRegistry, numberField, type RegistryEntry } from '../base/registry.js';
import { parseSpec } from '../base/spec.js';
import type { LinkOptions } from './link-model.js';
import type { AccessOptions } from './network.js';

/** Ranges of single links; the schema of the configuration has the same for all. */
const linkLimits = {
  latencyMs: [0, 60_000],
  jitterMs: [0, 60_000],
  bandwidthMbps: [1e-3, 1e6],
  loss: [0, 0.9],
} as const;

interface LinkKeys {
  readonly latency?: number;
  readonly jitter?: number;
  readonly bandwidth?: number;
  readonly loss?: number;
}

interface PeerKeys extends LinkKeys {
  readonly uplink?: number;
  readonly downlink?: number;
}

/** One spec read: whom it concerns, and what it changes. */
export interface LinkOverride {
  readonly spec: string;
  /** One peer, or the two ends of an edge. */
  readonly peers: readonly number[];
  readonly link: Partial<LinkOptions>;
  readonly access: AccessOptions;
}

const linkFields = {
  latency: numberField('one-way delay, milliseconds', undefined, ...linkLimits.latencyMs),
  jitter: numberField('twice the mean extra delay, milliseconds', undefined, ...linkLimits.jitterMs),
  bandwidth: numberField('megabits a second, each direction', undefined, ...linkLimits.bandwidthMbps),
  loss: numberField('probability that a frame is lost', undefined, ...linkLimits.loss),
};

const peerFields = {
  ...linkFields,
  uplink: numberField('megabits a second, of all that it sends', undefined, ...linkLimits.bandwidthMbps),
  downlink: numberField('megabits a second, of all that it gets', undefined, ...linkLimits.bandwidthMbps),
};

/** The keys that are there. */
function present<T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** @throws GrapevineError BAD_SPEC */
export function readLinkSpec(spec: string): LinkOverride {
  const { name } = parseSpec(spec, 'link');
  if (!/^\d{1,4}(-\d{1,4})?$/.test(name)) {
    throw new GrapevineError(
      'BAD_SPEC',
      `link "${spec}": "${name}" is neither an edge nor a peer. Wanted 0-1:latency=100,bandwidth=1 or 3:uplink=2.`,
      { spec },
    );
  }
  const peers = name.split('-').map(Number);
  const fields = peers.length === 1 ? peerFields : linkFields;
  const entry: RegistryEntry<PeerKeys, Omit<LinkOverride, 'spec'>> = {
    name,
    summary: '',
    fields: fields as typeof peerFields,
    make: ({ latency, jitter, bandwidth, loss, uplink, downlink }) => ({
      peers,
      link: present<LinkOptions>({
        latencyMs: latency,
        jitterMs: jitter,
        bandwidthMbps: bandwidth,
        loss,
      } as LinkOptions),
      access: present<AccessOptions>({ uplinkMbps: uplink, downlinkMbps: downlink }),
    }),
  };
  return { spec, ...createRegistry('link', [entry]).resolve(spec) };
}
