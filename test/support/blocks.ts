// Arrays in an engine's arena between guard zones, to see what a kernel reads and writes beside its operands.
import { expect } from "vitest";
import type { FloatArray } from "../../src/index.js";
import type { Numbers } from "./twins.js";
import type { Variant } from "./variants.js";

/** Elements before and behind an array; whole cache lines, so that the array keeps the block's alignment. */
const GUARD = 32;

/** Around outputs: finite, so that a NaN written there shows. */
const SENTINEL = 1234.5;

interface Block {
  address: number;
  length: number;
  isInput: boolean;
  before: FloatArray;
}

export class Blocks {
  readonly #variant: Variant;
  readonly #blocks = new Map<number, Block>();

  constructor(variant: Variant) {
    this.#variant = variant;
  }

  /** An array that is not to change; around it there is NaN, which spoils every result that it enters. */
  input(values: Numbers): number {
    return this.#add(values, true);
  }

  /** An array that is to be written. */
  output(values: Numbers): number {
    return this.#add(values, false);
  }

  /** An array that is to be written and not to be read. */
  unread(length: number): number {
    return this.output(new Float64Array(length).fill(Number.NaN));
  }

  /** A workspace for products of that size, full of NaN. */
  workspace(m: number, n: number, k: number): number {
    const { engine, dtype } = this.#variant;
    return this.unread(Math.ceil(engine.kernels(dtype).workspaceBytes(m, n, k) / this.#bytes));
  }

  /** A copy of what an array holds now. */
  read(address: number): FloatArray {
    const { engine, dtype } = this.#variant;
    return engine.arena.copy(dtype, address, this.#blockAt(address).length);
  }

  /** Asserts that no guard zone and no input has changed, and gives the memory back. */
  close(): void {
    const { engine, dtype } = this.#variant;
    for (const { address, length, isInput, before } of this.#blocks.values()) {
      const start = address - GUARD * this.#bytes;
      const after = engine.arena.copy(dtype, start, length + 2 * GUARD);
      if (!isInput) after.set(before.subarray(GUARD, GUARD + length), GUARD);
      engine.arena.free(start);
      const place = isInput ? "in an input" : "beside an output";
      expect(sameBits(before, after), `whether all is as it was ${place} of ${length} elements`).toBe(true);
    }
    this.#blocks.clear();
  }

  get #bytes(): number {
    return this.#variant.dtype === "float32" ? 4 : 8;
  }

  #blockAt(address: number): Block {
    const block = this.#blocks.get(address);
    if (block === undefined) throw new Error(`no array at ${address}`);
    return block;
  }

  #add(values: Numbers, isInput: boolean): number {
    const { engine, dtype } = this.#variant;
    const total = values.length + 2 * GUARD;
    const start = engine.arena.allocate(total * this.#bytes);
    const place = engine.arena.view(dtype, start, total).fill(isInput ? Number.NaN : SENTINEL);
    place.set(values, GUARD);
    const address = start + GUARD * this.#bytes;
    this.#blocks.set(address, { address, length: values.length, isInput, before: place.slice() });
    return address;
  }
}

/** Equal to the bit, NaN too; quick for large arrays. */
export function sameBits(a: FloatArray, b: FloatArray): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: FloatArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
