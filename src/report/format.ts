/**
 * Numbers as people read them. Every function takes null, NaN and infinity too and answers with a dash, so that
 * what was never measured looks that way everywhere.
 */

/** Stands for what was not measured. */
export const NOT_MEASURED = '–';

/** SI, powers of 1000, as network and disk figures are given. */
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

function isMeasured(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Three significant digits without an exponent: 1.23, 12.3, 123. For values below 1000. */
function threeDigits(value: number): string {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** 512 B, 1.23 kB, 45.6 MB, 789 GB. */
export function formatBytes(bytes: number | null | undefined): string {
  if (!isMeasured(bytes)) return NOT_MEASURED;
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 ? value.toFixed(0) : threeDigits(value);
  return `${bytes < 0 ? '-' : ''}${digits} ${BYTE_UNITS[unit]!}`;
}

/** A share in [0, 1] as 93.1%; `digits` after the point. */
export function formatPercent(share: number | null | undefined, digits = 1): string {
  return isMeasured(share) ? `${(share * 100).toFixed(digits)}%` : NOT_MEASURED;
}

/** Seconds as 0.25 s, 12.3 s, 2 min 05 s, 3 h 07 min. */
export function formatDuration(seconds: number | null | undefined): string {
  if (!isMeasured(seconds)) return NOT_MEASURED;
  if (seconds < 0.9995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A loss or a distance: 4 decimals near 1, an exponent where they would hide it (1.2e-7, 3.4e+9). */
export function formatReal(value: number | null | undefined): string {
  if (!isMeasured(value)) return NOT_MEASURED;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.001 || size >= 100_000) return value.toExponential(1);
  return size < 10 ? value.toFixed(4) : size < 1000 ? value.toFixed(2) : value.toFixed(0);
}

/** A ratio as 33x; one decimal below 10. */
export function formatRatio(ratio: number | null | undefined): string {
  if (!isMeasured(ratio)) return NOT_MEASURED;
  return `${ratio < 9.95 ? ratio.toFixed(1) : groupThousands(ratio)}x`;
}

/** A count with its thousands apart: 101,770. The same in every locale. */
export function groupThousands(count: number | null | undefined): string {
  if (!isMeasured(count)) return NOT_MEASURED;
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
