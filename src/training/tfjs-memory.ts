/**
 * The memory of TensorFlow.js' WebAssembly backend, and our program (assembly/training) at work on it: kernels read
 * tensors where they lie and write where the backend makes room, so that nothing is copied. This reaches into parts of
 * the backend that it does not promise to keep; the version is pinned, and `tfjsMemory` says what is missing.
 */
import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { assert } from '../base/assert.js';
import { instantiateKernels, type TrainingKernels, trainingProgram } from './lean/program.js';
import type { Tfjs } from './tfjs-api.js';

/** What is used of BackendWasm 4.22. */
interface WasmBackend extends KernelBackend {
  readonly wasm: {
    readonly HEAPF32: Float32Array;
    readonly HEAP32: Int32Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
    readonly asm: { readonly memory: WebAssembly.Memory };
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
}

/** A product for assembly/training/product.ts; addresses in bytes, strides in numbers. */
export interface ProductCall {
  readonly c: number;
  readonly a: number;
  readonly b: number;
  /** C is [m, n], the sum runs over k. */
  readonly sizes: readonly [m: number, n: number, k: number];
  /** Numbers from row to row of C, A and B as they are stored. */
  readonly strides: readonly [c: number, a: number, b: number];
  /** How A is stored: rows, columns, or an image whose patches are its rows or its columns (see `geometry`). */
  readonly kind: 'plain' | 'transposed' | 'patches' | 'transposed-patches';
  /** Whether B is stored by columns. @default false */
  readonly transposedB?: boolean;
  /** The 14 numbers of assembly/training/patches.ts. */
  readonly geometry?: readonly number[];
}

const kinds = { plain: 0, transposed: 1, patches: 2, 'transposed-patches': 3 } as const;

/** Bytes for the description of a product and its geometry. */
const DESCRIPTION_BYTES = 128;
const GEOMETRY_BYTES = 64;

export class TfjsMemory {
  readonly kernels: TrainingKernels;
  private readonly backend: WasmBackend;
  private readonly description: number;
  private readonly panels: number;
  private scratchAddress = 0;
  private scratchBytes = 0;

  constructor(backend: WasmBackend, kernels: TrainingKernels) {
    this.backend = backend;
    this.kernels = kernels;
    this.description = backend.wasm._malloc(DESCRIPTION_BYTES + GEOMETRY_BYTES) >>> 0;
    this.panels = backend.wasm._malloc(kernels.roomBytes()) >>> 0;
    assert(this.description > 0 && this.panels > 0, 'the backend has room for a product');
  }

  /** Where a tensor's numbers lie, in bytes. */
  address(tensor: TensorInfo): number {
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** A new tensor; its numbers are whatever lay there. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    return this.backend.makeOutput(shape, dtype);
  }

  /** All memory as integers of four bytes, for copies; it dies when memory is next asked for. */
  get heap(): Int32Array {
    return this.backend.wasm.HEAP32;
  }

  /** `tensor` with another shape of the same size, which shares its numbers and counts as a tensor of its own. */
  reshaped(tensor: TensorInfo, shape: readonly number[]): TensorInfo {
    this.backend.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: [...shape], dtype: tensor.dtype };
  }

  /** A tensor's numbers; the view dies when memory is next asked for. */
  floats(tensor: TensorInfo): Float32Array {
    return this.floatsAt(this.address(tensor), sizeOfTensor(tensor));
  }

  floatsAt(address: number, count: number): Float32Array {
    return this.backend.wasm.HEAPF32.subarray(address / 4, address / 4 + count);
  }

  integers(tensor: TensorInfo): Int32Array {
    const start = this.address(tensor) / 4;
    return this.backend.wasm.HEAP32.subarray(start, start + sizeOfTensor(tensor));
  }

  /** The address of `bytes` bytes that hold anything, until the next call. */
  scratch(bytes: number): number {
    if (bytes > this.scratchBytes) {
      this.backend.wasm._free(this.scratchAddress);
      this.scratchAddress = this.backend.wasm._malloc(bytes) >>> 0;
      this.scratchBytes = bytes;
      assert(this.scratchAddress > 0, 'the backend has room for scratch memory');
    }
    return this.scratchAddress;
  }

  /** Writes `geometry` where `product` and the pools find it; returns its address. */
  geometry(geometry: readonly number[]): number {
    const at = this.description + DESCRIPTION_BYTES;
    this.backend.wasm.HEAP32.set(geometry, at / 4);
    return at;
  }

  /** C = A B. */
  product(call: ProductCall): void {
    const { c, a, b, sizes, strides, kind, transposedB = false, geometry } = call;
    const geometryAt = geometry === undefined ? 0 : this.geometry(geometry);
    this.backend.wasm.HEAP32.set(
      // biome-ignore format: in the order of product.ts
      [c, a, b, ...sizes, ...strides, kinds[kind], transposedB ? 1 : 0, 0, this.panels, geometryAt],
      this.description / 4,
    );
    this.kernels.product(this.description);
  }
}

const sizeOfTensor = ({ shape }: TensorInfo): number => shape.reduce((size, side) => size * side, 1);

/** Our program on the memory of the backend that has just started, or why it cannot be. */
export function tfjsMemory(tf: Tfjs): TfjsMemory | string {
  const backend = tf.backend() as Partial<WasmBackend>;
  const memory = backend.wasm?.asm?.memory;
  if (!(memory instanceof WebAssembly.Memory) || backend.makeOutput === undefined) {
    return 'this version of the WebAssembly backend hides its memory';
  }
  const program = trainingProgram();
  if (typeof program === 'string') return program;
  return new TfjsMemory(backend as WasmBackend, instantiateKernels(program, memory));
}
