// Kernels that share their work among threads: products by columns of the result, updates by ranges of the parameters.
//
// What each element of a result is summed from, and in which order, does not depend on the cut, so every number of threads
// gives the same bits.
import { align } from "./arena.js";
import { bytesOf, type DType } from "./dtype.js";
import { type Kernels, PREFIX } from "./kernels.js";
import type { Pool } from "./pool.js";

/** Multiply-adds from which a product is worth two threads. */
const PRODUCT_CUTOVER = 1 << 17;

/** Elements from which an update is worth two threads. */
const UPDATE_CUTOVER = 1 << 13;

/** Parts start at multiples of this many elements: whole tiles of every kernel, whole cache lines. */
const UNIT = 16;

/** How a call is cut: the positions of what changes from part to part. */
interface Cut {
  /** Position of the size that is cut. */
  readonly size: number;
  /** Positions of addresses, each with the elements that one step of the size moves it by; an address of 0 stays. */
  readonly moves: readonly (readonly [position: number, stride: number])[];
  /** Position of an address that only the first part has. */
  readonly onlyFirst?: number;
  /** Position of the workspace, and the bytes of one part's. */
  readonly workspace?: readonly [position: number, bytes: number];
}

/** Elements of a part, where `size` is cut for so many threads. */
function partOf(size: number, threads: number): number {
  return Math.ceil(size / threads / UNIT) * UNIT;
}

/**
 * The same kernels, with large calls shared among the threads of the pool, while there is one.
 *
 * @param threads how many there may ever be: what workspaces are planned for
 */
export function parallelKernels(
  kernels: Kernels,
  dtype: DType,
  threads: number,
  currentPool: () => Pool | undefined,
): Kernels {
  const bytes = bytesOf(dtype);

  /** Bytes of one part's workspace, whole cache lines. */
  const workspaceOfPart = (m: number, n: number, k: number) => {
    return align(kernels.workspaceBytes(m, partOf(n, threads), k));
  };

  const partArguments = (values: number[], cut: Cut, index: number, first: number, count: number): number[] => {
    const part = [...values];
    part[cut.size] = count;
    for (const [position, stride] of cut.moves) {
      if (part[position] !== 0) part[position] = (part[position] as number) + first * stride * bytes;
    }
    if (cut.onlyFirst !== undefined && index > 0) part[cut.onlyFirst] = 0;
    if (cut.workspace !== undefined) {
      const [position, size] = cut.workspace;
      part[position] = (part[position] as number) + index * size;
    }
    return part;
  };

  const call = (name: keyof Kernels, values: unknown[], isWorthwhile: boolean, cutOf: () => Cut): void => {
    const kernel = kernels[name] as (...values: number[]) => void;
    const numbers = values as number[];
    const pool = currentPool();
    if (pool === undefined || !isWorthwhile) {
      kernel(...numbers);
      return;
    }
    const cut = cutOf();
    const size = numbers[cut.size] as number;
    const part = partOf(size, threads);
    const argumentsOf = (index: number) => {
      return partArguments(numbers, cut, index, index * part, Math.min(part, size - index * part));
    };
    const started = performance.now();
    for (let index = 1; index * part < size; index++) pool.post(index, PREFIX[dtype] + name, argumentsOf(index));
    kernel(...argumentsOf(0));
    pool.join(started, (index) => kernel(...argumentsOf(index)));
  };

  const product = <K extends keyof Kernels>(name: K, cutOf: (values: number[]) => Omit<Cut, "workspace">) => {
    return ((...values: number[]) => {
      const sizes = sizesOf(name, values);
      const isWorthwhile = sizes.n > UNIT && sizes.m * sizes.n * sizes.k >= PRODUCT_CUTOVER;
      call(name, values, isWorthwhile, () => {
        const workspace = [values.length - 1, workspaceOfPart(sizes.m, sizes.n, sizes.k)] as const;
        return { ...cutOf(values), workspace };
      });
    }) as unknown as Kernels[K];
  };

  const update = <K extends keyof Kernels>(name: K, addresses: readonly number[]) => {
    const cut: Cut = { size: 0, moves: addresses.map((position) => [position, 1] as const) };
    return ((...values: number[]) => {
      call(name, values, (values[0] as number) >= UPDATE_CUTOVER, () => cut);
    }) as unknown as Kernels[K];
  };

  return {
    ...kernels,
    workspaceBytes: (m, n, k) => {
      return Math.max(kernels.workspaceBytes(m, n, k), threads * workspaceOfPart(m, n, k));
    },
    gemm: product("gemm", (values) => ({
      size: 1,
      moves: [
        [6, values[8] as number],
        [9, values[11] as number],
      ],
    })),
    affine: product("affine", (values) => ({
      size: 1,
      moves: [
        [5, values[2] as number],
        [6, 1],
        [7, 1],
        [8, 1],
      ],
    })),
    delta: product("delta", () => ({
      size: 1,
      moves: [
        [4, 1],
        [6, 1],
        [7, 1],
        [8, 1],
      ],
    })),
    gradient: product("gradient", () => ({
      size: 2,
      moves: [
        [4, 1],
        [6, 1],
      ],
      onlyFirst: 8,
    })),
    sgd: update("sgd", [1, 2, 3]),
    adagrad: update("adagrad", [1, 2, 3]),
    rmsprop: update("rmsprop", [1, 2, 3, 4, 5]),
    adam: update("adam", [1, 2, 3, 4, 5]),
  };
}

/** The product's m, n and k, n being the size that is cut. */
function sizesOf(name: keyof Kernels, values: number[]): { m: number; n: number; k: number } {
  const [first, second, third] = values as [number, number, number];
  return name === "gradient" ? { m: second, n: third, k: first } : { m: first, n: second, k: third };
}
