/**
 * What a compiled network is made of: values in memory and steps between them. A step runs forward in the order of the
 * layers and backward in the opposite one; addresses are fixed, only the number of samples changes from call to call.
 */
import type { ParameterTensor } from '../parameters.js';
import type { PlanMemory } from './program.js';

/** What a layer gives, for up to `capacity` samples, and the loss's gradient with respect to it. */
export interface Value {
  readonly address: number;
  /** 0: nobody asks for the gradient (the network's input). */
  readonly gradient: number;
  /** Numbers a sample. */
  readonly size: number;
}

export interface Step {
  /** `training`: batch statistics and dropout. */
  forward(samples: number, training: boolean): void;
  backward(samples: number): void;
  /** Writes the statistics as the last backward pass moved them. */
  updateStatistics?(): void;
}

/** One parameter tensor and its gradient. */
export interface PlacedTensor {
  readonly tensor: ParameterTensor;
  readonly address: number;
  readonly gradient: number;
}

/** Which samples a forward pass sees. */
export interface BatchNow {
  indices: Uint32Array;
}

/** What makes a step. */
export interface StepContext {
  readonly memory: PlanMemory;
  /** Samples that buffers have room for. */
  readonly capacity: number;
  /** For panels of products, for all steps in turn. */
  readonly room: number;
  /** A few rows of the widest value, for all steps in turn. */
  readonly scratch: number;
  readonly batch: BatchNow;
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** For each input: whether the backward pass adds to its gradient, which holds something by then. */
  readonly adds: readonly boolean[];
  /** The layer's tensor of this name ("kernel"). */
  parameter(name: string): PlacedTensor;
}

/** Fields of a product's description, in the order of assembly/training/product.ts. */
export interface ProductFields {
  readonly c: number;
  readonly a: number;
  readonly b: number;
  readonly m?: number;
  readonly n: number;
  readonly k?: number;
  readonly strides: readonly [c: number, a: number, b: number];
  readonly kind?: 'plain' | 'transposed' | 'patches' | 'transposed-patches';
  readonly transposedB?: boolean;
  readonly adds?: boolean;
  /** Address of the geometry of patches. */
  readonly geometry?: number;
}

const KINDS = { plain: 0, transposed: 1, patches: 2, 'transposed-patches': 3 } as const;

/** C = A B, described once; m and k may depend on the batch. */
export class Product {
  private readonly memory: PlanMemory;
  private readonly at: number;

  constructor({ memory, room }: Pick<StepContext, 'memory' | 'room'>, fields: ProductFields) {
    const { c, a, b, m = 0, n, k = 0, strides, kind = 'plain', transposedB, adds, geometry = 0 } = fields;
    this.memory = memory;
    this.at = memory.take(16);
    const flags = [KINDS[kind], transposedB === true ? 1 : 0, adds === true ? 1 : 0];
    memory.i32.set([c, a, b, m, n, k, ...strides, ...flags, room, geometry], this.at / 4);
  }

  /** With m rows of C, all other fields as described. */
  runRows(m: number): void {
    this.memory.i32[this.at / 4 + 3] = m;
    this.memory.kernels.product(this.at);
  }

  /** With k as the inner length. */
  runDepth(k: number): void {
    this.memory.i32[this.at / 4 + 5] = k;
    this.memory.kernels.product(this.at);
  }

  /** On other operands of the same shape. */
  runOn(c: number, a: number, b: number): void {
    this.memory.i32.set([c, a, b], this.at / 4);
    this.memory.kernels.product(this.at);
  }
}
