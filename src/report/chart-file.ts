/**
 * A chart as a file of its own, for a paper or a slide: with a size, a title, a white ground and the light colors written
 * out, for what draws SVG outside browsers knows no CSS variables. The font is named, not embedded.
 */
import { escapeHtml } from './escape.js';
import { ink, literalColors } from './palette.js';

/** Where system-ui is not known, the next one of the list serves. */
const FONT = 'Helvetica, Arial, DejaVu Sans, sans-serif';
const TITLE_HEIGHT = 30;

/** @param svg from vega-svg.ts: a viewBox that begins at 0, and no size */
export function chartFile(title: string, svg: string, font = FONT): string {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!;
  const whole = Number(height) + TITLE_HEIGHT;
  const inner = svg
    .replace('<svg ', `<svg y="${TITLE_HEIGHT}" width="${width}" height="${height}" `)
    .replaceAll(/font-family="[^"]*"/g, `font-family="${font}"`);
  const head = `<text x="8" y="21" font-family="${font}" font-size="15" font-weight="600" fill="${ink.text}">${escapeHtml(title)}</text>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
${literalColors(
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}"><rect width="100%" height="100%" fill="${ink.surface}"/>${head}${inner}</svg>`,
)}
`;
}
