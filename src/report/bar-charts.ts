/** Where the time and the bytes of each peer went: one stacked bar a peer, from its last round. */
import type { RoundEvent } from '../metrics/events.js';
import { byteUnitFor, secondUnitFor } from './chart-units.js';
import { series } from './palette.js';
import { type ChartPlan, colorOf } from './vega-svg.js';

/** Peers that get a number each under their bar; of more, every k-th. */
const MAX_PEER_LABELS = 16;

interface StackedPart {
  readonly name: string;
  readonly color: string;
  readonly of: (round: RoundEvent) => number;
}

interface StackedBars {
  readonly id: string;
  readonly title: string;
  readonly yTitle: string;
  readonly parts: readonly StackedPart[];
}

/** One bar a peer, the parts on top of each other in their order. */
function barsPlan(rounds: readonly RoundEvent[], bars: StackedBars, lost: readonly number[]): ChartPlan {
  const points = rounds.flatMap((round) =>
    bars.parts.map((part, order) => ({ peer: round.peer, series: part.name, order, y: part.of(round) })),
  );
  const color = colorOf(
    bars.parts.map((part) => part.name),
    bars.parts.map((part) => part.color),
  );
  const every = Math.ceil(rounds.length / MAX_PEER_LABELS);
  const values = rounds.filter((_, index) => index % every === 0).map((round) => round.peer);
  const labelExpr = `indexof(${JSON.stringify(lost)}, datum.value) >= 0 ? datum.value + ' ✕' : datum.value`;
  return {
    id: bars.id,
    title: bars.title,
    spec: {
      data: { values: points },
      layer: [
        {
          mark: { type: 'bar' },
          encoding: {
            x: {
              field: 'peer',
              type: 'ordinal',
              title: values.some((peer) => lost.includes(peer)) ? 'peer (✕ lost)' : 'peer',
              axis: { labelExpr, values, ticks: false },
            },
            y: {
              field: 'y',
              type: 'quantitative',
              title: bars.yTitle,
              stack: 'zero',
              axis: { tickCount: 5 },
            },
            color,
            order: { field: 'order', type: 'quantitative' },
          },
        },
      ],
    },
  };
}

function phaseBars(rounds: readonly RoundEvent[]): StackedBars {
  const sum = ({ seconds }: RoundEvent): number =>
    seconds.train + seconds.compress + seconds.exchange + seconds.wait;
  const unit = secondUnitFor(rounds.reduce((most, round) => Math.max(most, sum(round)), 0));
  const part = (name: keyof RoundEvent['seconds'], color: string): StackedPart => ({
    name,
    color,
    of: (round) => round.seconds[name] / unit.size,
  });
  return {
    id: 'phases',
    title: 'Time by phase',
    yTitle: `time (${unit.name})`,
    parts: [
      part('train', series.blue),
      part('compress', series.orange),
      part('exchange', series.green),
      part('wait', series.gray),
    ],
  };
}

function byteBars(rounds: readonly RoundEvent[]): StackedBars {
  const unit = byteUnitFor(
    rounds.reduce((most, round) => Math.max(most, round.wireBytes, round.payloadBytes), 0),
  );
  return {
    id: 'bytes',
    title: 'Bytes sent by each peer',
    yTitle: `sent (${unit.name})`,
    parts: [
      { name: 'payload', color: series.blue, of: (round) => round.payloadBytes / unit.size },
      {
        name: 'framing and encryption',
        color: series.orange,
        // Nothing where the bytes on the wire were not counted.
        of: (round) => Math.max(0, round.wireBytes - round.payloadBytes) / unit.size,
      },
    ],
  };
}

/** Bars of a run, a bar a peer of `rounds`; the peers in `lost` are marked. None without a round. */
export function planBars(rounds: readonly RoundEvent[], lost: readonly number[]): ChartPlan[] {
  if (rounds.length === 0) return [];
  return [barsPlan(rounds, phaseBars(rounds), lost), barsPlan(rounds, byteBars(rounds), lost)];
}
