/**
 * Text that somebody else has chosen, on its way to a person's terminal or log. Escape sequences would move the cursor,
 * hide lines or set the window's title; line breaks would forge lines of a log; marks of direction would turn a text round.
 * They are written out as \u{1b}; all else stays as it is.
 */

/**
 * C0, DEL and C1 controls; line and paragraph separators; embeddings, overrides and isolates of direction (Unicode UAX 9);
 * the byte order mark; halves of surrogate pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
/** What of a stranger's words helps to understand them. */
const DEFAULT_CHARACTERS = 200;

const written = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** One line, whatever `text` holds. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, written);
}

/** Likewise, with the line feeds and tabs of a text that we have laid out ourselves. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    character === '\n' || character === '\t' ? character : written(character),
  );
}

/** Another's words as one line of not much more than `maxCharacters`. */
export function quoted(text: string, maxCharacters = DEFAULT_CHARACTERS): string {
  const line = printable(text.slice(0, maxCharacters));
  return text.length > maxCharacters ? `${line}...` : line;
}
