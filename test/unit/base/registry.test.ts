import { describe, expect, it } from 'vitest';
import { GrapevineError } from '../../../src/base/errors.js';
import {
  choiceField,
  createRegistry,
  integerField,
  numberField,
  type RegistryEntry,
  unknownNameMessage,
} from '../../../src/base/registry.js';

interface GridOptions {
  readonly rows?: number;
  readonly spacing: number;
  readonly kind: 'open' | 'closed';
}

const grid: RegistryEntry<GridOptions, string> = {
  name: 'grid',
  summary: 'rows and columns',
  fields: {
    rows: integerField('rows', undefined, 1, 64),
    spacing: numberField('meters between neighbors', 0.5, 0, 2),
    kind: choiceField('border', 'open', ['open', 'closed']),
  },
  make: (options, spec) => `${spec} ${JSON.stringify(options)}`,
};
const line: RegistryEntry<Record<never, never>, string> = {
  name: 'line',
  summary: 'one after another',
  fields: {},
  make: (_options, spec) => spec,
};
const disc: RegistryEntry<{ readonly radius?: number; readonly area?: number }, string> = {
  name: 'disc',
  summary: 'round',
  fields: {
    radius: numberField('meters; 1 without an area', undefined, 0, 9),
    area: numberField('square meters', undefined, 0, 99),
  },
  complete: (options) =>
    options.radius === undefined && options.area === undefined ? { radius: 1 } : options,
  make: (options, spec) => `${spec} ${JSON.stringify(options)}`,
};
const shapes = createRegistry<string>('shape', [grid, line]);

function refusal(text: string): GrapevineError {
  try {
    shapes.resolve(text);
  } catch (error) {
    if (error instanceof GrapevineError) return error;
    throw error;
  }
  throw new Error(`"${text}" was accepted`);
}

describe('a registry', () => {
  it('spells every option out in the canonical spec, in the order of the fields, unset ones apart', () => {
    expect(shapes.canonical('grid')).toBe('grid:spacing=0.5,kind=open');
    expect(shapes.canonical('grid:kind=closed, rows=4')).toBe('grid:rows=4,spacing=0.5,kind=closed');
    expect(shapes.canonical(' line ')).toBe('line');
    expect(shapes.canonical(shapes.canonical('grid:spacing=1e-1'))).toBe('grid:spacing=0.1,kind=open');
  });

  it('spells out what a family uses where none of several keys is given', () => {
    const discs = createRegistry<string>('shape', [disc]);
    expect(discs.canonical('disc')).toBe('disc:radius=1');
    expect(discs.resolve('disc')).toBe('disc:radius=1 {"radius":1}');
    expect(discs.canonical('disc:area=3')).toBe('disc:area=3');
  });

  it('makes the thing from typed options', () => {
    expect(shapes.resolve('grid:rows=4')).toBe(
      'grid:rows=4,spacing=0.5,kind=open {"rows":4,"spacing":0.5,"kind":"open"}',
    );
  });

  it('lists its entries without their makers', () => {
    expect(shapes.entries).toEqual([
      { name: 'grid', summary: 'rows and columns' },
      { name: 'line', summary: 'one after another' },
    ]);
  });

  it('answers an unknown name with the nearest match and all there is', () => {
    const error = refusal('gird');
    expect(error.code).toBe('BAD_SPEC');
    expect(error.message).toBe('unknown shape "gird". Did you mean "grid"? There is: grid, line.');
    expect(error.facts).toEqual({ kind: 'shape', name: 'gird' });
  });

  it('answers an unknown key with the nearest match and the keys of that entry', () => {
    const error = refusal('grid:row=4');
    expect(error.message).toBe(
      'unknown key of shape grid "row". Did you mean "rows"? There is: rows, spacing, kind.',
    );
    expect(refusal('line:rows=4').message).toContain('There is: none.');
    expect(refusal('grid:constructor=1').message).toContain('unknown key');
  });

  it.each([
    ['grid:rows=0', 'shape grid: rows=0, wanted an integer from 1 to 64.'],
    ['grid:rows=65', 'shape grid: rows=65, wanted an integer from 1 to 64.'],
    ['grid:rows=2.5', 'shape grid: rows=2.5, wanted an integer from 1 to 64.'],
    ['grid:rows=many', 'shape grid: rows=many, wanted an integer from 1 to 64.'],
    ['grid:spacing=-0.1', 'shape grid: spacing=-0.1, wanted a number from 0 to 2.'],
    ['grid:spacing=NaN', 'shape grid: spacing=NaN, wanted a number from 0 to 2.'],
    ['grid:spacing=Infinity', 'shape grid: spacing=Infinity, wanted a number from 0 to 2.'],
    ['grid:kind=Open', 'shape grid: kind=Open, wanted one of open, closed.'],
  ])('refuses %s', (text, message) => {
    expect(refusal(text).code).toBe('BAD_SPEC');
    expect(refusal(text).message).toBe(message);
  });

  it('takes both ends of a range', () => {
    for (const text of ['grid:rows=1', 'grid:rows=64', 'grid:spacing=0', 'grid:spacing=2']) {
      expect(shapes.canonical(text)).toContain(text.slice('grid:'.length));
    }
  });

  it('gives choices their own type: numbers stay numbers', () => {
    expect(choiceField('bits', 4, [4, 8, 32]).read('8')).toEqual({ value: 8 });
    expect(choiceField('bits', 4, [4, 8, 32]).read('8.0')).toEqual({ wanted: 'one of 4, 8, 32' });
  });

  it('has an answer even where there is nothing', () => {
    expect(unknownNameMessage('shape', 'grid', [])).toBe('unknown shape "grid". There is: none.');
  });
});
