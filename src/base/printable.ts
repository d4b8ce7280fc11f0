/**
 * Text that somebody else has chosen, on its way to a person's terminal or log. Escape sequences would move the cursor,
 * hide lines or set the window's title; line breaks would forge lines of a log; bidirectional marks would turn a text round.
 */

/** Control characters but line breaks and tabs, and marks that change the direction of what follows (Unicode UAX 9). */
const ESCAPES = /(?![\n\t])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** All that is not one line: control and format characters, separators, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const INSTEAD = '\ufffd';
/** What of a stranger's words helps to understand them. */
const DEFAULT_CHARACTERS = 200;

/** `text` without what a terminal obeys; line breaks stay. */
export function withoutEscapes(text: string): string {
  return text.replace(ESCAPES, INSTEAD);
}

/** Another's words as one line of at most `maxCharacters`. */
export function printable(text: string, maxCharacters = DEFAULT_CHARACTERS): string {
  const line = text.slice(0, maxCharacters).replace(UNPRINTABLE, INSTEAD);
  return text.length > maxCharacters ? `${line}...` : line;
}
