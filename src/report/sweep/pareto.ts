/** The groups that no other beats in both bytes and quality: whatever else is picked, one of these is as good and cheaper. */
import type { Group, Sweep } from './sweep.js';

/** Whether `a` is at least as good as `b` in both, and better in one. */
function dominates(a: Group, b: Group, { quality }: Pick<Sweep, 'quality'>): boolean {
  const saved = b.payloadBytes!.mean - a.payloadBytes!.mean;
  const gained = quality.gain(a.final!.mean, b.final!.mean);
  return saved >= 0 && gained >= 0 && (saved > 0 || gained > 0);
}

/** Of groups that stand, by ascending bytes. */
export function paretoFront(sweep: Pick<Sweep, 'groups' | 'quality'>): Group[] {
  const standing = sweep.groups.filter(
    ({ standing, final, payloadBytes }) => standing === 'done' && final !== null && payloadBytes !== null,
  );
  return standing
    .filter((group) => !standing.some((other) => dominates(other, group, sweep)))
    .sort((a, b) => a.payloadBytes!.mean - b.payloadBytes!.mean);
}
