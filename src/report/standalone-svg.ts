/**
 * A drawing of the report as a file of its own. Inside the report variables color it; here each `var(--name, #color)`
 * becomes the plain light color, which any viewer understands, and a stylesheet turns it into its dark twin where the
 * reader asks for that. A background comes along: a file is looked at on any page.
 */
import { darkTwins, ink, literalColors } from './palette.js';

const lightOf = (variable: string): string => /#[0-9a-f]{6}/.exec(variable)![0];

const darkRules = Object.entries(darkTwins)
  .flatMap(([variable, dark]) =>
    ['fill', 'stroke'].map((what) => `[${what}="${lightOf(variable)}"]{${what}:${dark}}`),
  )
  .join('');

/** @param svg an <svg> element with a viewBox, as `drawTopology` makes it */
export function standaloneSvg(svg: string): string {
  const style = `<style>:root{color-scheme:light dark}@media (prefers-color-scheme: dark){${darkRules}}</style>`;
  const background = `<rect width="100%" height="100%" fill="${ink.surface}"/>`;
  const [, head, body] = /^(<svg [^>]*>)(.*)$/s.exec(svg)!;
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(head!)!;
  const sized = head!.replace('<svg ', `<svg width="${width}" height="${height}" `);
  return literalColors(`${sized}${style}${background}${body!}\n`);
}
