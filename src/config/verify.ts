/**
 * From what was written to what will be run: checks every key and spec, fills in what depends on other choices
 * (the task's learning rate, the algorithm's compressor), and freezes the result.
 */
import { createHash } from 'node:crypto';
import { closest } from 'fastest-levenshtein';
import type * as z from 'zod';
import { GrapevineError } from '../base/errors.js';
import type { Registry } from '../base/registry.js';
import { hasErrorFeedback } from '../compression/composition-spec.js';
import { compressors } from '../compression/registry.js';
import { wrongTopology } from '../consensus/hub/peer-algorithm.js';
import { algorithms, gossipNames } from '../consensus/registry.js';
import { topologies } from '../topology/registry.js';
import { optimizers } from '../training/optimizer.js';
import { partitions } from '../training/partition.js';
import { schedules } from '../training/schedule.js';
import { steppings } from '../training/stepping.js';
import { tasks } from '../training/tasks/registry.js';
import type { Task } from '../training/tasks/task.js';
import { withoutPlace } from '../training/tasks/task-file.js';
import { DEFAULT_COMPRESSOR, EVALUATIONS_PER_RUN, type RunConfig, runConfigSchema } from './schema.js';

function describeIssue(issue: z.core.$ZodIssue, known: readonly string[]): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .map(
        (key) =>
          `unknown key "${key}", did you mean "${closest(key, [...known])}"? There is: ${known.join(', ')}`,
      )
      .join('; ');
  }
  const path = issue.path.join('.');
  const got = 'input' in issue && issue.input !== undefined ? `, got ${JSON.stringify(issue.input)}` : '';
  return `${path === '' ? '' : `${path}: `}${issue.message}${got}`;
}

/**
 * Checks `value` against `schema`.
 * @param source where the value came from ("swarm.yaml", "flags"), for the message.
 * @throws GrapevineError BAD_CONFIG naming each key, what was got and what was wanted.
 */
export function parseConfig<T extends z.ZodObject>(schema: T, value: unknown, source: string): z.output<T> {
  const outcome = schema.safeParse(value, { reportInput: true });
  if (outcome.success) return outcome.data;
  const known = Object.keys(schema.shape);
  const problems = outcome.error.issues.map((issue) => describeIssue(issue, known));
  throw new GrapevineError('BAD_CONFIG', `${source}: ${problems.join('; ')}.`, { source });
}

/** What travels under an algorithm that sends C(x - S) for a replica S. */
function differenceCompressor(algorithm: string, given: string): string {
  const wanted = compressors.canonical(given);
  if (hasErrorFeedback(wanted)) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `algorithm ${algorithm} keeps in x - replica what was not sent yet, and error feedback would send it twice, got ` +
        `compressor "${wanted}": leave out the ef+.`,
      { algorithm, compressor: wanted },
    );
  }
  return wanted;
}

/** @throws GrapevineError BAD_CONFIG where the algorithm names its topologies, and this is none of them */
function requireTopology(algorithm: string, topology: string): void {
  const { name, topologies: wanted } = algorithms.resolve(algorithm);
  const got = topologies.resolve(topology).name;
  if (wanted !== undefined && !wanted.includes(got)) throw wrongTopology(name, wanted, got);
}

function compressorFor(algorithm: string, given: string | undefined): string {
  const { compresses, name, defaultCompressor = DEFAULT_COMPRESSOR } = algorithms.resolve(algorithm);
  if (compresses !== 'nothing') return differenceCompressor(algorithm, given ?? defaultCompressor);
  const wanted = compressors.canonical(given ?? 'none');
  if (wanted !== 'none') {
    throw new GrapevineError(
      'BAD_CONFIG',
      `algorithm ${name} sends parameters as they are, or as its own options say, got compressor "${wanted}": leave the compressor out, or choose ` +
        'edge-choco or choco to compress.',
      { algorithm, compressor: wanted },
    );
  }
  return wanted;
}

/** @throws GrapevineError BAD_CONFIG where the algorithm needs rounds that are the same for all */
function paceFor(algorithm: string, given: 'lockstep' | 'asynchronous'): Pick<RunConfig, 'pace'> {
  if (given === 'lockstep') return {};
  if (algorithms.resolve(algorithm).asynchronous === true) return { pace: 'asynchronous' };
  const able = gossipNames.filter((name) => algorithms.resolve(name).asynchronous === true);
  throw new GrapevineError(
    'BAD_CONFIG',
    `algorithm ${algorithm} cannot run with pace asynchronous: its arithmetic belongs to rounds that neighbors share, and ` +
      `applied at any time it would move the mean or count a step twice. Choose pace lockstep, or one of ` +
      `${able.join(', ')}, whose exchanges are opposite corrections of what two peers are at the time.`,
    { algorithm },
  );
}

/** @throws GrapevineError BAD_CONFIG where a round or the pace needs every edge */
function activityFor(
  algorithm: string,
  { edgeActivity, pace }: { readonly edgeActivity: number; readonly pace: 'lockstep' | 'asynchronous' },
): number {
  const { topologies } = algorithms.resolve(algorithm);
  if (pace === 'lockstep' && topologies === undefined) return edgeActivity;
  const who = pace === 'lockstep' ? `algorithm ${algorithm}` : 'pace asynchronous';
  throw new GrapevineError(
    'BAD_CONFIG',
    `${who} decides by itself which edges exchange, got edgeActivity ${edgeActivity}: leave it out, or choose a gossip ` +
      'algorithm in lockstep.',
    { algorithm, edgeActivity },
  );
}

/** Nothing where the rate is constant, however that is spelled. */
function scheduleOf(given: string | undefined): Pick<RunConfig, 'schedule'> {
  if (given === undefined) return {};
  const { spec } = schedules.resolve(given);
  return spec === 'constant' ? {} : { schedule: spec };
}

/** @throws GrapevineError BAD_CONFIG where no peer waits, or the least are more than all */
function steppingFor(
  { stepping, pace }: { readonly stepping?: string | undefined; readonly pace: 'lockstep' | 'asynchronous' },
  localSteps: number,
): Pick<RunConfig, 'stepping'> {
  if (stepping === undefined) return {};
  const { spec, adaptive } = steppings.resolve(stepping);
  if (adaptive === null) return {};
  const refuse = (got: string, todo: string): GrapevineError =>
    new GrapevineError('BAD_CONFIG', `stepping ${spec}: ${got}. ${todo}.`, { stepping, localSteps, pace });
  if (pace === 'asynchronous')
    throw refuse(
      'with pace asynchronous nobody waits for a slow peer, so that none has to take fewer local steps',
      'Choose one of the two',
    );
  if (adaptive.least > localSteps)
    throw refuse(
      `got least=${adaptive.least}, wanted at most the ${localSteps} local steps of a round`,
      'Lower it, or raise localSteps',
    );
  return { stepping: spec };
}

/**
 * @param known the tasks that can be named; openTasks adds that of a user's file
 * @throws GrapevineError BAD_CONFIG, BAD_SPEC
 */
export function verifyRunConfig(input: unknown, source = 'config', known: Registry<Task> = tasks): RunConfig {
  const given = parseConfig(runConfigSchema, input, source);
  const { defaults } = known.resolve(given.task);
  const algorithm = algorithms.canonical(given.algorithm);
  requireTopology(algorithm, given.topology);
  const rounds = given.rounds ?? defaults.rounds;
  const localSteps = given.localSteps ?? defaults.localSteps;
  const config: RunConfig = {
    peers: given.peers,
    topology: topologies.canonical(given.topology),
    algorithm,
    compressor: compressorFor(algorithm, given.compressor),
    optimizer: optimizers.canonical(given.optimizer),
    task: known.canonical(given.task),
    partition: partitions.canonical(given.partition),
    rounds,
    localSteps,
    ...steppingFor(given, localSteps),
    batch: given.batch ?? defaults.batch,
    learningRate: given.learningRate ?? defaults.learningRate,
    ...paceFor(algorithm, given.pace),
    ...scheduleOf(given.schedule),
    seed: given.seed,
    evaluateEvery: given.evaluateEvery ?? Math.max(1, Math.round(rounds / EVALUATIONS_PER_RUN)),
    silenceMs: given.silenceMs,
    roundDeadlineMs: given.roundDeadlineMs,
    ...(given.edgeActivity === 1 ? {} : { edgeActivity: activityFor(algorithm, given) }),
  };
  return Object.freeze(config);
}

/**
 * First 16 hex digits of SHA-256 over the keys in alphabetical order: equal for equal runs. Where a device keeps the
 * file of a task does not matter.
 */
export function configHash(config: RunConfig): string {
  const sorted = Object.entries({ ...config, task: withoutPlace(config.task) }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}
