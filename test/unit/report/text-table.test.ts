import { describe, expect, it } from 'vitest';
import { renderTable, type TextColumn } from '../../../src/report/text-table.js';

const columns: readonly TextColumn[] = [
  { header: 'name', align: 'left', priority: 1 },
  { header: 'n', align: 'right', priority: 2 },
  { header: 'note', align: 'left', priority: 3 },
];
const rows = [
  [{ text: 'a' }, { text: '1' }, { text: 'x' }],
  [{ text: 'bcdef' }, { text: '1000' }, { text: 'yy' }],
];

describe('renderTable', () => {
  it('aligns columns to their widest cell', () => {
    expect(renderTable(columns, rows)).toEqual([
      '  name       n   note', //
      '  a          1   x',
      '  bcdef   1000   yy',
    ]);
  });

  it('leaves out the least important columns until it fits', () => {
    expect(renderTable(columns, rows, { columns: 15 })[0]).toBe('  name       n');
    expect(renderTable(columns, rows, { columns: 3 })[0]).toBe('  name');
  });

  it('paints after padding, so that color shifts nothing', () => {
    const painted = [[{ text: 'a', paint: (text: string) => `<${text}>` }, ...rows[0]!.slice(1)], rows[1]!];
    expect(renderTable(columns, painted)[1]).toBe('  <a    >      1   x');
  });

  it('renders a header alone without rows', () => {
    expect(renderTable(columns, [])).toEqual(['  name   n   note']);
  });
});
