/** A condition that only a bug in this project can break. `sentence` says what should have held. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition)
    throw new Error(`Assertion failed: ${sentence}. This is a bug in grapevine; please report it.`);
}
