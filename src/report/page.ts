/**
 * The frame of every report: one file that needs nothing else, neither network nor script. Its Content-Security-Policy
 * forbids everything but its own style, so that a name in a configuration that another person wrote can never become
 * code; every such text is escaped besides.
 */
import type { Chart } from './charts.js';
import { escapeHtml } from './escape.js';
import { reportStyle } from './report-style.js';

/** A card with a heading. @param body HTML */
export function section(title: string, body: string, extra = ''): string {
  return `<section class="card${extra}"><h2>${escapeHtml(title)}</h2>${body}</section>`;
}

/** A chart with its title above it. */
export function figure({ id, title, svg }: Chart): string {
  return `<figure class="card" id="${id}" aria-label="${escapeHtml(title)}"><h2>${escapeHtml(title)}</h2>${svg}</figure>`;
}

/** [dotted key, value] of everything in a configuration. */
export function flatten(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      flatten(inner, path === '' ? key : `${path}.${key}`),
    );
  }
  return [[path, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]];
}

/** Keys and values, a row each. */
export function keyTable(rows: readonly (readonly [string, string])[]): string {
  const body = rows
    .map(([key, value]) => `<tr><th>${escapeHtml(key)}</th><td class="text">${escapeHtml(value)}</td></tr>`)
    .join('');
  return `<table><tbody>${body}</tbody></table>`;
}

/** A command that can be copied; lines break between flags. */
export function commandBlock(command: string): string {
  const words = command.split(/ (?=--)/).map((word) => `<span>${escapeHtml(word)}</span>`);
  return `<pre>${words.join(' ')}</pre>`;
}

/** @param parts HTML, in reading order */
export function page(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}</style>
</head>
<body><main>
${parts.join('\n')}
</main></body>
</html>
`;
}
