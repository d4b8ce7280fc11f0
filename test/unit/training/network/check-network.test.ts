import { describe, expect, it } from 'vitest';
import { checkNetwork } from '../../../../src/training/network/check-network.js';
import { layerCases } from '../../../reference/layer-networks.js';

const problem = (layers: unknown, inputShape: unknown = [4]): string => {
  try {
    checkNetwork({ inputShape, layers });
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_CONFIG' });
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe('a network written by hand', () => {
  it('is accepted in every kind of layer', () => {
    for (const { network } of layerCases) expect(checkNetwork(network)).toBe(network);
  });

  it.each([
    [[{ kind: 'danse', name: 'a', units: 2 }], /layer "a": unknown kind "danse". Did you mean "dense"/],
    [[{ kind: 'dense', name: 'a', unit: 2 }], /unknown key of dense "unit". Did you mean "units"/],
    [[{ kind: 'dense', name: 'a' }], /layer "a": units is undefined; wanted a whole number/],
    [[{ kind: 'dense', units: 2 }], /layer 0: name is undefined; wanted a name/],
    [
      [{ kind: 'dense', name: 'a', units: 2, activation: 'ReLU' }],
      /activation is "ReLU"; wanted one of linear, relu/,
    ],
    [[{ kind: 'conv2d', name: 'a', filters: 2, kernel: 3 }], /kernel is 3; wanted two whole numbers/],
    [[{ kind: 'dropout', name: 'a', rate: 1 }], /rate is 1; wanted a number from 0 to below 1/],
    [[null], /layer 0: got null; wanted \{ kind/],
    [[], /layers is \[\]; wanted a list/],
    [undefined, /layers is undefined/],
  ])('is refused with place, got and wanted: %j', (layers, message) => {
    expect(problem(layers)).toMatch(message);
  });

  it('is refused without the shape of a sample', () => {
    const layers = [{ kind: 'flatten', name: 'a' }];
    expect(problem(layers, 4)).toContain('inputShape is 4; wanted a list of whole numbers');
    expect(problem(layers, [4, 0])).toContain('inputShape is [4,0]');
  });
});
