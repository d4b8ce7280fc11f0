/**
 * Says who was refused, and does not become an attack itself: of each kind the 1st, 2nd, 4th, 8th, ... is said, with the
 * count. A thousand callers make ten lines. Whoever has not said who it is is counted with all others that are refused in the
 * same words.
 */
import type { Refusal } from '../node/libp2p-guard.js';

/** Kinds that are counted apart; further ones are counted together. */
const MAX_KINDS = 256;

export interface RefusalLog {
  add(refusal: Refusal): void;
}

/** @param say gets the code and a sentence. */
export function createRefusalLog(say: (code: string, sentence: string) => void): RefusalLog {
  const counts = new Map<string, number>();
  return {
    add({ code, message, peerId }) {
      const name = `${code} ${peerId ?? wordsOf(message)}`;
      const key = counts.has(name) || counts.size < MAX_KINDS ? name : code;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (Number.isInteger(Math.log2(count)))
        say(code, `refused${count === 1 ? '' : ` ${count} times`}: ${message} [${code}]`);
    },
  };
}

/** What a message begins with, whatever numbers it tells. */
function wordsOf(message: string): string {
  return message.replaceAll(/\d+/g, '').slice(0, 40);
}
