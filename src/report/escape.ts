/** Makes outside text safe in HTML and SVG: between tags and inside quoted attributes. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** One argument of a POSIX shell: bare where that is safe, else in single quotes. */
export function quoteShell(argument: string): string {
  return /^[A-Za-z0-9_:=,.+/@%-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
