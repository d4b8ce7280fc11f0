/** PyTorch's layouts, checked by computing with them as torch.nn's documentation says its modules do. */
import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import type { Layer, Network } from '../../../src/training/network/network.js';
import { initialParameters } from '../../../src/training/network/network-layout.js';
import { createTfjsNetwork } from '../../../src/training/tfjs-network.js';
import { startTfjs } from '../../../src/training/tfjs-runtime.js';
import { exportTorch, permuted, type TorchTensor } from '../../../src/training/torch-export.js';

function subject(inputShape: number[], ...layers: Layer[]) {
  const network: Network = { inputShape, layers };
  const parameters = initialParameters(network, 3).map((value, k) => value + 0.1 * Math.sin(k));
  const tensors = new Map(exportTorch(network, parameters).map((tensor) => [tensor.name, tensor]));
  return { network, parameters, tensors };
}

const drawn = (length: number): Float32Array => {
  const random = createRandom('torch');
  return Float32Array.from({ length }, () => gaussian(random));
};

async function outputsOf({ network, parameters }: ReturnType<typeof subject>, x: Float32Array, size: number) {
  const engine = createTfjsNetwork(await startTfjs('tfjs-cpu'), {
    network,
    loss: 'mean-squared-error',
    seed: 1,
  });
  const out = new Float32Array(size);
  const samples = {
    count: 1,
    labels: null,
    origins: null,
    inputsInto: (to: Float32Array) => to.set(x),
    targetsInto() {},
  };
  engine.outputsInto(out, parameters, { samples, indices: Uint32Array.of(0) });
  engine.dispose();
  return Array.from(out);
}

/** y_o = sum_i W[o, i] x_i + b_o, as nn.Linear. */
function linear(x: ArrayLike<number>, weight: TorchTensor, bias: ArrayLike<number>): number[] {
  const [out, inputs] = weight.shape as [number, number];
  return Array.from({ length: out }, (_, o) =>
    Array.from(x).reduce((sum, value, i) => sum + weight.values[o * inputs + i]! * value, bias[o]!),
  );
}

function expectClose(got: readonly number[], wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length);
  got.forEach((value, k) => expect(value).toBeCloseTo(wanted[k]!, 4));
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

describe('exportTorch', () => {
  it('permutes axes as numpy.transpose does', () => {
    // [[0, 1, 2], [3, 4, 5]] transposed
    expect(Array.from(permuted(Float32Array.of(0, 1, 2, 3, 4, 5), [2, 3], [1, 0]))).toEqual([
      0, 3, 1, 4, 2, 5,
    ]);
  });

  it('gives nn.Linear its weight [out, in]', async () => {
    const own = subject([3], { kind: 'dense', name: 'fc', units: 2 });
    const x = drawn(3);
    const [weight, bias] = [own.tensors.get('fc.weight')!, own.tensors.get('fc.bias')!];
    expect(weight).toMatchObject({ shape: [2, 3], from: ['fc/kernel'], how: 'axes 1, 0' });
    expectClose(linear(x, weight, bias.values), await outputsOf(own, x, 2));
  });

  it('gives nn.Conv2d its weight, and the layer after Flatten its columns, channels first', async () => {
    const [height, width, inputs, filters] = [3, 4, 2, 3];
    const own = subject(
      [height, width, inputs],
      { kind: 'conv2d', name: 'conv', filters, kernel: [2, 3], padding: 'valid' },
      { kind: 'flatten', name: 'flatten' },
      { kind: 'activation', name: 'tanh', activation: 'tanh' },
      { kind: 'dense', name: 'fc', units: 2 },
    );
    const x = drawn(height * width * inputs);
    const weight = own.tensors.get('conv.weight')!;
    expect(weight.shape).toEqual([filters, inputs, 2, 3]);
    // Cross-correlation over [channels, height, width], as nn.Conv2d.
    const places: number[] = [];
    for (let o = 0; o < filters; o++)
      for (let h = 0; h < 2; h++)
        for (let w = 0; w < 2; w++) {
          let sum = own.tensors.get('conv.bias')!.values[o]!;
          for (let c = 0; c < inputs; c++)
            for (let i = 0; i < 2; i++)
              for (let j = 0; j < 3; j++)
                sum +=
                  weight.values[((o * inputs + c) * 2 + i) * 3 + j]! *
                  x[((h + i) * width + w + j) * inputs + c]!;
          places.push(Math.tanh(sum));
        }
    const fc = own.tensors.get('fc.weight')!;
    expect(fc.how).toContain('channels, height, width');
    expectClose(linear(places, fc, own.tensors.get('fc.bias')!.values), await outputsOf(own, x, 2));
  });

  it('gives nn.Conv2d with groups the kernel of a depthwise convolution', () => {
    const { tensors, parameters } = subject([2, 2, 3], {
      kind: 'depthwise-conv2d',
      name: 'dw',
      kernel: [2, 1],
      multiplier: 2,
      bias: false,
    });
    const { shape, values } = tensors.get('dw.weight')!;
    expect(shape).toEqual([6, 1, 2, 1]);
    // Output channel c * multiplier + m, at height i: kernel [i, 0, c, m].
    for (let c = 0; c < 3; c++)
      for (let m = 0; m < 2; m++)
        for (let i = 0; i < 2; i++) expect(values[(c * 2 + m) * 2 + i]).toBe(parameters[(i * 3 + c) * 2 + m]);
  });

  it('gives nn.LSTM its gates i, f, g, o and a second bias of zeros', async () => {
    const [time, size, units] = [3, 2, 2];
    const own = subject([time, size], { kind: 'lstm', name: 'rnn', units });
    const x = drawn(time * size);
    const tensor = (name: string) => own.tensors.get(`rnn.${name}`)!;
    expect(tensor('weight_ih_l0').shape).toEqual([4 * units, size]);
    expect(Array.from(tensor('bias_hh_l0').values)).toEqual(new Array(8).fill(0));
    let [h, c] = [
      [0, 0],
      [0, 0],
    ];
    for (let t = 0; t < time; t++) {
      const fromInput = linear(
        x.subarray(t * size, (t + 1) * size),
        tensor('weight_ih_l0'),
        tensor('bias_ih_l0').values,
      );
      const gates = linear(h, tensor('weight_hh_l0'), tensor('bias_hh_l0').values).map(
        (z, k) => z + fromInput[k]!,
      );
      const gate = (g: number, k: number) => gates[g * units + k]!;
      c = c.map((old, k) => sigmoid(gate(1, k)) * old + sigmoid(gate(0, k)) * Math.tanh(gate(2, k)));
      h = c.map((cell, k) => sigmoid(gate(3, k)) * Math.tanh(cell));
    }
    expectClose(h, await outputsOf(own, x, units));
  });

  it('joins query, key and value of nn.MultiheadAttention', async () => {
    const [time, size] = [3, 4];
    const own = subject([time, size], { kind: 'attention', name: 'mha', heads: 1 });
    const x = drawn(time * size);
    const joined = own.tensors.get('mha.in_proj_weight')!;
    expect(joined).toMatchObject({ shape: [3 * size, size] });
    const bias = own.tensors.get('mha.in_proj_bias')!.values;
    const projected = Array.from({ length: time }, (_, t) =>
      linear(x.subarray(t * size, (t + 1) * size), joined, bias),
    );
    const part = (t: number, p: number) => projected[t]!.slice(p * size, (p + 1) * size);
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
    const out = projected.flatMap((_, t) => {
      const powers = projected.map((_row, s) => Math.exp(dot(part(t, 0), part(s, 1)) / Math.sqrt(size)));
      const sum = powers.reduce((a, b) => a + b);
      const mixed = part(t, 0).map((_value, k) =>
        powers.reduce((all, p, s) => all + (p / sum) * part(s, 2)[k]!, 0),
      );
      return linear(
        mixed,
        own.tensors.get('mha.out_proj.weight')!,
        own.tensors.get('mha.out_proj.bias')!.values,
      );
    });
    expectClose(out, await outputsOf(own, x, time * size));
  });

  it('names the statistics of a norm as PyTorch does, and keeps a GRU as it is', () => {
    const { tensors } = subject(
      [2, 2],
      { kind: 'batch-norm', name: 'bn' },
      { kind: 'gru', name: 'gru', units: 1 },
    );
    expect([...tensors.keys()]).toEqual([
      'bn.weight',
      'bn.bias',
      'bn.running_mean',
      'bn.running_var',
      'gru.kernel',
      'gru.recurrent_kernel',
      'gru.bias',
    ]);
    expect(tensors.get('gru.kernel')!.how).toBe('as it is');
  });
});
