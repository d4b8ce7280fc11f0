/**
 * Networks that guess the next character at each place of a window:
 *
 *     transformer  embeddings of characters and places, then blocks of causal attention and a dense layer of four times
 *                  the size with GELU, each normalized before and added to what it read (pre-norm: Radford et al. 2019,
 *                  "Language models are unsupervised multitask learners", section 2.3)
 *     gru          embeddings, then gated recurrent layers (Cho et al. 2014, arXiv 1406.1078)
 */
import type { Layer, Network } from '../network/network.js';

export interface LanguageModelOptions {
  /** Characters in a window. */
  readonly time: number;
  /** Different characters. */
  readonly vocabulary: number;
  /** Numbers for a character. */
  readonly size: number;
  readonly layers: number;
  /** Of attention; size is a multiple of it. */
  readonly heads: number;
}

/** What reads `input` and is added to it; its output is called `name-sum`. */
function residual(name: string, input: string, layers: readonly Layer[]): Layer[] {
  return [
    { kind: 'layer-norm', name: `${name}-norm`, inputs: [input] },
    ...layers,
    { kind: 'add', name: `${name}-sum`, inputs: [layers.at(-1)!.name, input] },
  ];
}

function transformerBlock(name: string, input: string, { size, heads }: LanguageModelOptions): Layer[] {
  const [attention, dense] = [`${name}-attention`, `${name}-dense`];
  return [
    ...residual(attention, input, [{ kind: 'attention', name: attention, heads, causal: true }]),
    ...residual(dense, `${attention}-sum`, [
      { kind: 'dense', name: `${dense}1`, units: 4 * size, activation: 'gelu' },
      { kind: 'dense', name: `${dense}2`, units: size },
    ]),
  ];
}

export function transformer(options: LanguageModelOptions): Network {
  const { time, vocabulary, size } = options;
  const layers: Layer[] = [
    { kind: 'embedding', name: 'characters', vocabulary, size },
    { kind: 'position-embedding', name: 'places' },
  ];
  for (let block = 1; block <= options.layers; block++) {
    layers.push(...transformerBlock(`block${block}`, layers.at(-1)!.name, options));
  }
  layers.push({ kind: 'layer-norm', name: 'norm' }, { kind: 'dense', name: 'logits', units: vocabulary });
  return { inputShape: [time], layers };
}

export function gru({ time, vocabulary, size, layers }: LanguageModelOptions): Network {
  const recurrent = Array.from(
    { length: layers },
    (_, index): Layer => ({ kind: 'gru', name: `gru${index + 1}`, units: size, returnSequences: true }),
  );
  return {
    inputShape: [time],
    layers: [
      { kind: 'embedding', name: 'characters', vocabulary, size },
      ...recurrent,
      { kind: 'dense', name: 'logits', units: vocabulary },
    ],
  };
}
