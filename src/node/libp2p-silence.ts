/**
 * Gives up connections that carry nothing any more. A machine that loses its power, a router that loses its table or a
 * proxy that loses one end leaves the other with a connection that looks open: TCP notices after a quarter of an hour, and
 * never where something in between goes on acknowledging. A link on it would be silent for as long, and its neighbor could
 * not be dialed, since there is a connection already.
 *
 * yamux pings on every connection, whatever else it carries, and the other end answers: so bytes arrive from any that lives.
 * Any byte counts, and not only the answer, which on a slow link waits behind a model. Turns are counted rather than time:
 * a process that was stopped, or a laptop that was asleep, has missed only one and blames nobody.
 */
import type { MessageStream } from '@libp2p/interface';
import type { Clock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';

/** Time between two pings, and between two looks: a few dozen bytes. */
export const SIGN_OF_LIFE_MS = 10_000;
/** Looks in a row that find nothing new: with the first, partial one 40 to 50 s, longer than what a busy machine needs to answer. */
export const MOST_SILENT_TURNS = 4;

/** Aborts `connection` when nothing has arrived on it in MOST_SILENT_TURNS turns of `turnMs`. */
export function abortWhenSilent(connection: MessageStream, clock: Clock, turnMs: number): void {
  let heard = true;
  let silentTurns = 0;
  let cancel = (): void => {};
  const turn = (): void => {
    silentTurns = heard ? 0 : silentTurns + 1;
    heard = false;
    if (silentTurns < MOST_SILENT_TURNS) cancel = clock.after(turnMs, turn);
    else
      connection.abort(
        new GrapevineError('LINK_TIMEOUT', `nothing has arrived for ${silentTurns * turnMs} ms`),
      );
  };
  connection.addEventListener('message', () => {
    heard = true;
  });
  connection.addEventListener('close', () => cancel());
  turn();
}
