/** Small text files that people write: a thing a line, comments after #, blank lines as they like. */

/** The lines that say something, without comments and the space around them. */
export function textLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

/** The entries of a line, apart by commas, semicolons or spaces; between two commas there is an empty one. */
export function lineEntries(line: string): string[] {
  return line.split(/\s*[,;]\s*|\s+/);
}
