/**
 * Puts standard input between the lines <!-- results --> and <!-- /results --> of a document:
 *
 *     npx grapevine report runs/slow-links --markdown | node scripts/fill-results.mjs docs/studies/slow-links.md
 */
import { readFileSync, writeFileSync } from 'node:fs';

const BLOCK = /(<!-- results -->\n)[\s\S]*?(<!-- \/results -->)/;

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('wanted the document to fill: node scripts/fill-results.mjs FILE');
const document = readFileSync(path, 'utf8');
if (!BLOCK.test(document)) throw new Error(`${path} has no lines <!-- results --> and <!-- /results -->`);
const results = readFileSync(0, 'utf8').trim();
if (results === '') throw new Error('nothing on standard input: did the report fail?');
writeFileSync(
  path,
  document.replace(BLOCK, (_, begin, end) => `${begin}\n${results}\n\n${end}`),
);
