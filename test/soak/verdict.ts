/** What must hold of a swarm under faults, beside the same swarm in peace: one line a requirement, with what was found. */
import type { Fault } from './faults.js';
import { type Growth, growthOf } from './growth.js';
import type { ProcessSample } from './processes.js';
import type { SwarmRun } from './swarm-run.js';

const MOST_LOSS = 0.02;
/**
 * MiB an hour. A fault breaks half a dozen links, so each of 12 workers loses one every 20 s or so: one model of 0.4 MB kept for
 * each would be 70.
 */
const MOST_GROWTH_MIB = 64;
/** Of the largest worker beside the largest in peace. */
const MOST_RESIDENT_RATIO = 1.5;
/** Longer than libp2p-silence.ts takes to notice. */
const MOST_HALF_OPEN_MS = 55_000;
/** Beyond what the same process has in peace: dials under way, a second connection to the same peer. */
const SPARE_DESCRIPTORS = 8;
const SPARE_TIMERS = 16;

interface Requirement {
  readonly name: string;
  readonly found: string;
  readonly holds: boolean;
}

const largest = (numbers: readonly number[]): number => Math.max(0, ...numbers);
const lastOf = <T>(items: readonly T[] | undefined): readonly T[] => (items ?? []).slice(-1);
const percent = (share: number | null): string => `${(100 * (share ?? 0)).toFixed(2)} %`;

/** The second half of the samples of each worker. */
const settled = ({ workers }: SwarmRun): ProcessSample[] =>
  [...workers.values()].flatMap((samples) => samples.slice(samples.length >> 1));

const growthText = ({ perHour, standardError, incarnations }: Growth): string =>
  `${perHour.toFixed(0)} MiB an hour (standard error ${standardError.toFixed(0)}, ${incarnations} lives)`;

function memory({ calm, stormy }: Runs): Requirement[] {
  const [under, inPeace] = [stormy, calm].map((run) =>
    growthOf([...run.workers.values()], 'residentMib'),
  ) as [Growth, Growth];
  const beyond = under.perHour - inPeace.perHour;
  const chance = 2 * Math.hypot(under.standardError, inPeace.standardError);
  const [most, mostCalm] = [stormy, calm].map((run) => largest(settled(run).map((s) => s.residentMib))) as [
    number,
    number,
  ];
  const launcher = largest(stormy.launcher.slice(-10).map((s) => s.residentMib));
  const launcherCalm = largest(calm.launcher.map((s) => s.residentMib));
  return [
    {
      name: 'memory of the workers grows no faster than in peace',
      found:
        `${growthText(under)}; in peace ${growthText(inPeace)}: ` +
        `${beyond.toFixed(0)} more, chance ${chance.toFixed(0)}; most ${MOST_GROWTH_MIB}`,
      holds: !(beyond - chance > MOST_GROWTH_MIB), // also where no life was long enough to tell
    },
    {
      name: 'no worker is much larger than in peace',
      found: `${most.toFixed(0)} MiB, in peace ${mostCalm.toFixed(0)}`,
      holds: most <= MOST_RESIDENT_RATIO * mostCalm,
    },
    {
      name: 'nor is the launcher',
      found: `${launcher.toFixed(0)} MiB, in peace ${launcherCalm.toFixed(0)}`,
      holds: launcher <= MOST_RESIDENT_RATIO * launcherCalm,
    },
  ];
}

function handles({ calm, stormy }: Runs): Requirement[] {
  const ends = [...stormy.atEnd.values()];
  const inPeace = settled(calm);
  const timersOf = (run: SwarmRun, pids: Iterable<number>): number =>
    largest([...pids].flatMap((pid) => lastOf(run.resources.get(pid)).map((counts) => counts.Timeout ?? 0)));
  const quantities = (['descriptors', 'sockets', 'threads'] as const).map((quantity): Requirement => {
    const [now, then] = [ends, inPeace].map((samples) => largest(samples.map((s) => s[quantity]))) as [
      number,
      number,
    ];
    const { perHour } = growthOf([...stormy.workers.values()], quantity);
    return {
      name: `${quantity} of a worker at the end`,
      found: `${now} at most, in peace ${then}; ${perHour.toFixed(1)} more an hour`,
      holds: now <= then + SPARE_DESCRIPTORS,
    };
  });
  const [timers, timersInPeace] = [
    timersOf(stormy, stormy.atEnd.keys()),
    timersOf(calm, calm.workers.keys()),
  ];
  const launcher = stormy.launcherAtEnd?.descriptors ?? Number.NaN;
  const launcherInPeace = largest(calm.launcher.map((sample) => sample.descriptors)); // while all workers live
  return [
    ...quantities,
    {
      name: 'timers of a worker at the end',
      found: `${timers} at most, in peace ${timersInPeace}`,
      holds: timers <= timersInPeace + SPARE_TIMERS,
    },
    {
      name: 'descriptors of the launcher',
      found: `${launcher}, in peace ${launcherInPeace}`,
      holds: launcher <= launcherInPeace + SPARE_DESCRIPTORS,
    },
    {
      name: 'half-open connections are noticed',
      found: `${stormy.halfOpenMs.length} at the end, since ${(largest(stormy.halfOpenMs) / 1000).toFixed(0)} s`,
      holds: largest(stormy.halfOpenMs) <= MOST_HALF_OPEN_MS,
    },
  ];
}

const none = (name: string, found: readonly unknown[]): Requirement => ({
  name,
  found: found.length === 0 ? 'none' : found.join(', '),
  holds: found.length === 0,
});

interface Runs {
  readonly calm: SwarmRun;
  readonly stormy: SwarmRun;
  readonly faults: readonly Fault[];
}

function training({ calm, stormy, faults }: Runs): Requirement[] {
  const [wanted, got] = [calm, stormy].map(({ summary }) => summary.accuracy.meanModel ?? Number.NaN) as [
    number,
    number,
  ];
  const kinds = new Set(stormy.struck.map(({ kind }) => kind));
  const missing = [...new Set(faults.map(({ kind }) => kind))].filter((kind) => !kinds.has(kind));
  return [
    {
      name: 'accuracy of the mean model',
      found:
        `${percent(got)}, in peace ${percent(wanted)}, after ${stormy.summary.rounds} rounds each (${stormy.seconds} and ${calm.seconds} s); ` +
        `worst peer ${percent(stormy.summary.accuracy.worst)} and ${percent(calm.summary.accuracy.worst)}`,
      holds: got >= wanted - MOST_LOSS,
    },
    {
      name: 'both runs end as they should',
      found: `exit codes ${stormy.exitCode} (interrupted) and ${calm.exitCode}; lost peers: ${stormy.summary.peersLost.join(' ') || 'none'}`,
      holds: stormy.exitCode === 130 && calm.exitCode === 0 && stormy.summary.peersLost.length === 0,
    },
    {
      name: 'each kind of fault has struck',
      found: `${stormy.struck.length} of ${faults.length} struck${missing.length === 0 ? '' : `, no ${missing.join(', ')}`}`,
      holds: missing.length === 0,
    },
  ];
}

export function verdictOf(runs: Runs): { readonly lines: string[]; readonly failed: number } {
  const { calm, stormy } = runs;
  const requirements = [
    ...training(runs),
    ...memory(runs),
    ...handles(runs),
    none('zombies', [...stormy.zombies, ...calm.zombies]),
    none('processes that outlive the launcher', [...stormy.orphans, ...calm.orphans]),
    none('checkpoints that are not whole', [...stormy.brokenCheckpoints, ...calm.brokenCheckpoints]),
    none('checkpoints lost by a kill', stormy.lostCheckpoints),
  ];
  return {
    lines: requirements.map(({ name, found, holds }) => `${holds ? 'ok    ' : 'FAILED'}  ${name}: ${found}`),
    failed: requirements.filter(({ holds }) => !holds).length,
  };
}
