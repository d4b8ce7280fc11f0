/**
 * The task of every network: data that a loader reads, a network that fits them, a loss. The process keeps one copy of
 * the data, however many peers it runs.
 */
import { assert } from '../../base/assert.js';
import { GrapevineError } from '../../base/errors.js';
import type { DataRequest } from '../data/data-request.js';
import type { Dataset } from '../data/dataset.js';
import { withValidation } from '../data/subset.js';
import { startEngine } from '../engines.js';
import { createNetworkModel } from '../network-model.js';
import { histogramOf, type PartitionResult } from '../partition.js';
import { checkFit } from './check-fit.js';
import type { Task, TaskDefaults, TaskModelOptions, TaskSubject } from './task.js';

export interface NetworkTaskOptions {
  readonly name: string;
  /** Canonical; tasks of one spec share their data. */
  readonly spec: string;
  readonly defaults: TaskDefaults;
  /** The data, or with a data directory this device's. @throws GrapevineError DATA_UNAVAILABLE, BAD_CONFIG */
  load(request: DataRequest): Promise<Dataset>;
  /** The network for these data, and what training makes small. @throws GrapevineError BAD_CONFIG */
  design(data: Dataset, request: DataRequest): TaskDesign | Promise<TaskDesign>;
  /** Share of the training samples that evaluation takes instead of the test samples; 0 or absent: none. */
  readonly validation?: number | undefined;
}

/** A task's subject without its data. */
export type TaskDesign = Omit<TaskSubject, 'data'>;

const loading = new Map<string, Promise<TaskSubject>>();

/** The subject of these data: read once a process, and again after a failure, which a later call may not meet. */
function openOnce(options: NetworkTaskOptions, request: DataRequest): Promise<TaskSubject> {
  const key = JSON.stringify([options.spec, request.cacheDirectory, request.dataDirectory ?? null]);
  const known = loading.get(key);
  if (known !== undefined) return known;
  const started = open(options, request).catch((error: unknown) => {
    loading.delete(key);
    throw error;
  });
  loading.set(key, started);
  return started;
}

async function open(options: NetworkTaskOptions, request: DataRequest): Promise<TaskSubject> {
  const loaded = await options.load(request);
  const data = withValidation(loaded, options.validation ?? 0);
  assertSome(options.spec, data);
  const subject = { data, ...(await options.design(data, request)) };
  checkFit(subject);
  return subject;
}

function assertSome(spec: string, { train, test }: Dataset): void {
  if (train.count > 0 && test.count > 0) return;
  throw new GrapevineError(
    'DATA_UNAVAILABLE',
    `task ${spec}: got ${train.count} samples to train and ${test.count} to test; wanted at least one of each.`,
  );
}

function split(data: Dataset, options: Omit<TaskModelOptions, 'peer'>): PartitionResult {
  const result = options.partition.split(data.train, options.peers, options.seed);
  if (result.note !== null) options.onNotice?.(result.note);
  return result;
}

/** Indices into data.train of the samples that `peer` trains on. */
function shardOf(data: Dataset, options: TaskModelOptions): Uint32Array {
  const { peer, peers, dataDirectory } = options;
  if (peer === null) return new Uint32Array(0);
  assert(peer >= 0 && peer < peers, `peer ${peer} is one of ${peers}`);
  if (dataDirectory !== undefined) return Uint32Array.from({ length: data.train.count }, (_, index) => index);
  return split(data, options).shards[peer]!;
}

export function networkTask(task: NetworkTaskOptions): Task {
  const { name, spec, defaults } = task;
  return {
    name,
    spec,
    defaults,
    open: (request) => openOnce(task, request),
    async createModel(options) {
      const { data, network, loss, start } = await openOnce(task, options);
      const shard = shardOf(data, options);
      const { seed } = options;
      const { engine } = await startEngine(options.engine ?? 'auto', { network, loss, seed });
      return createNetworkModel({ network, loss, engine, data, shard, seed, start });
    },
    async histograms(options) {
      const { data } = await openOnce(task, options);
      const { labels } = data.train;
      if (labels === null || data.targets.kind !== 'classes' || options.dataDirectory !== undefined)
        return [];
      const { classes } = data.targets;
      return split(data, options).shards.map((shard) => histogramOf(labels, shard, classes));
    },
  };
}
