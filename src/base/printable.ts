/**
 * Text from another machine, made fit for a terminal and a log: what a stranger sends must not move the cursor, recolor
 * the screen, reorder a line or begin one of its own. Control characters and invisible marks of direction are written out
 * as \u{1b}; all else stays as it is.
 */

/** C0, DEL and C1 controls; line and paragraph separators; embeddings, overrides and isolates of direction; and the byte order mark. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

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
