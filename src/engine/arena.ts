// The arena: owns the WebAssembly.Memory, hands out aligned blocks of it, and is the only maker of views on it.
import { OutOfMemoryError } from "../errors.js";
import { bytesOf, type DType, type FloatArray } from "./dtype.js";

const PAGE = 65536;

/** Blocks start at multiples of this many bytes: a cache line. */
const ALIGNMENT = 64;

/** Kernels may read up to 15 bytes behind a block; behind the last one there is this much room for it. */
const SLACK = 64;

/** The address space of a 32-bit memory. */
export const LARGEST_MEMORY = 65536 * PAGE;

interface Block {
  address: number;
  bytes: number;
}

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly maximum: number;
  readonly #taken = new Map<number, number>();
  /** Free blocks by ascending address, no two of them touching. Address 0 is never handed out. */
  readonly #free: Block[] = [];
  #used = 0;
  #f32!: Float32Array;
  #f64!: Float64Array;
  #u32!: Uint32Array;

  /**
   * @param maximum bytes that the memory may grow to
   * @param shared whether workers may see the memory
   */
  constructor(maximum: number, shared = false) {
    const pages = Math.max(1, Math.floor(maximum / PAGE));
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: pages, shared });
    this.maximum = pages * PAGE;
    this.#free.push({ address: ALIGNMENT, bytes: PAGE - ALIGNMENT - SLACK });
    this.#refresh();
  }

  get used(): number {
    return this.#used;
  }

  get reserved(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * @returns the address of a zeroed block of at least `bytes`
   * @throws OutOfMemoryError, with nothing changed
   */
  allocate(bytes: number): number {
    const size = align(Math.max(bytes, 1));
    let block = this.#free.find((candidate) => candidate.bytes >= size);
    if (block === undefined) block = this.#growFor(size);
    const { address } = block;
    block.address += size;
    block.bytes -= size;
    if (block.bytes === 0) this.#free.splice(this.#free.indexOf(block), 1);
    this.#taken.set(address, size);
    this.#used += size;
    this.#u32.fill(0, address / 4, (address + size) / 4);
    return address;
  }

  /** Gives back a block by the address that `allocate` returned. */
  free(address: number): void {
    const bytes = this.#taken.get(address);
    if (bytes === undefined) throw new Error(`no block at address ${address}`);
    this.#taken.delete(address);
    this.#used -= bytes;
    this.#release({ address, bytes });
  }

  /** All of the memory in the given precision; stale once the arena has grown, so never to be kept. */
  floats(dtype: DType): FloatArray {
    return dtype === "float32" ? this.#f32 : this.#f64;
  }

  /** All of the memory as 32-bit integers; never to be kept. */
  get integers(): Uint32Array {
    return this.#u32;
  }

  /** A live view on `length` elements; stale once the arena has grown. */
  view(dtype: DType, address: number, length: number): FloatArray {
    return dtype === "float32"
      ? new Float32Array(this.memory.buffer, address, length)
      : new Float64Array(this.memory.buffer, address, length);
  }

  /** Whether an array is a view on this arena, behind address 0. V8 makes a buffer for an array that is asked for it. */
  owns(array: ArrayLike<number>): boolean {
    return ArrayBuffer.isView(array) && array.byteOffset > 0 && array.buffer === this.#u32.buffer;
  }

  /** A copy of `length` elements. */
  copy(dtype: DType, address: number, length: number): FloatArray {
    const first = address / bytesOf(dtype);
    return this.floats(dtype).slice(first, first + length);
  }

  #growFor(size: number): Block {
    const end = this.reserved - SLACK;
    const last = this.#free.at(-1);
    const atEnd = last !== undefined && last.address + last.bytes === end ? last.bytes : 0;
    const pages = Math.ceil((size - atEnd) / PAGE);
    const refused = new OutOfMemoryError(size, Math.max(this.maximum - this.reserved + atEnd, this.#largestFree()));
    if (this.reserved + pages * PAGE > this.maximum) throw refused;
    try {
      this.memory.grow(pages);
    } catch {
      throw refused;
    }
    this.#refresh();
    this.#release({ address: end, bytes: pages * PAGE });
    return this.#free.at(-1) as Block;
  }

  #largestFree(): number {
    return this.#free.reduce((largest, block) => Math.max(largest, block.bytes), 0);
  }

  #release(block: Block): void {
    const found = this.#free.findIndex((candidate) => candidate.address > block.address);
    const index = found < 0 ? this.#free.length : found;
    this.#free.splice(index, 0, block);
    this.#join(index);
    if (index > 0) this.#join(index - 1);
  }

  /** Makes one of the free block at `index` and the next, if they touch. */
  #join(index: number): void {
    const block = this.#free[index] as Block;
    const next = this.#free[index + 1];
    if (next === undefined || block.address + block.bytes !== next.address) return;
    block.bytes += next.bytes;
    this.#free.splice(index + 1, 1);
  }

  #refresh(): void {
    this.#f32 = new Float32Array(this.memory.buffer);
    this.#f64 = new Float64Array(this.memory.buffer);
    this.#u32 = new Uint32Array(this.memory.buffer);
  }
}
