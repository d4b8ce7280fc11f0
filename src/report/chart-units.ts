/** Units and ticks of chart axes: chosen from the data, so that labels are short and carry their unit. */

/** A unit that keeps the largest value of an axis readable. */
export interface AxisUnit {
  readonly name: string;
  readonly size: number;
}

function unitFor(largest: number, units: readonly AxisUnit[]): AxisUnit {
  return units.findLast((unit) => largest >= unit.size) ?? units[0]!;
}

/** SI units; the axis reads 0.5 to 1000 in its unit. */
export function byteUnitFor(largest: number): AxisUnit {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  return unitFor(
    largest,
    names.map((name, power) => ({ name, size: 1000 ** power })),
  );
}

/** Minutes from 3 minutes on, hours from 3 hours on. */
export function secondUnitFor(largest: number): AxisUnit {
  const unit = unitFor(largest / 3, [
    { name: 's', size: 0 },
    { name: 'min', size: 60 },
    { name: 'h', size: 3600 },
  ]);
  return unit.name === 's' ? { name: 's', size: 1 } : unit;
}

/** Powers of ten around positive `values`, with 2 and 5 between them where there are few; at most some ten. */
export function logTicks(values: readonly number[]): number[] {
  if (values.length === 0) return [];
  const low = Math.floor(Math.log10(values.reduce((a, b) => Math.min(a, b))));
  const high = Math.ceil(Math.log10(values.reduce((a, b) => Math.max(a, b))));
  const step = Math.max(1, Math.ceil((high - low) / 8));
  const factors = high - low <= 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = low; power <= high; power += step) {
    for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
  }
  return ticks;
}
