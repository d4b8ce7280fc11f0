/** The end of a peer on real links: it tells every neighbor, and waits a moment for their farewell. */
import type { Clock } from '../base/clock.js';
import { isGrapevineError } from '../base/errors.js';

/** Most time a peer waits for its neighbors' farewell before it closes its links. */
export const FAREWELL_TIMEOUT_MS = 3_000;

/** Resolves when all have been told and have answered, or a while later: so that no frame is cut off by a closing socket. */
export async function awaitFarewell(
  said: readonly Promise<void>[],
  answered: Promise<void>,
  clock: Clock,
): Promise<void> {
  let cancel = (): void => {};
  const timeout = new Promise<void>((resolve) => {
    cancel = clock.after(FAREWELL_TIMEOUT_MS, resolve);
  });
  const told = said.map((each) =>
    each.catch((error: unknown) => {
      if (!isGrapevineError(error)) throw error; // a link that is down needs no goodbye
    }),
  );
  await Promise.race([Promise.allSettled(told).then(() => answered), timeout]);
  cancel();
}
