// The engine: one instance of the kernels over one arena.
import { ShapeError } from "../errors.js";
import {
  checkBoolean,
  checkInteger,
  checkName,
  checkNumber,
  checkNumbers,
  checkOptions,
  isList,
  rangeError,
  typeError,
} from "../validate.js";
import { Arena, LARGEST_MEMORY } from "./arena.js";
import { type BuildName, compileBuild } from "./builds.js";
import { bytesOf, DTYPES, type DType } from "./dtype.js";
import { nodeModule } from "./host.js";
import { type Exports, type Kernels, kernelsOf } from "./kernels.js";
import { Matrix } from "./matrix.js";
import { parallelKernels } from "./parallel.js";
import { Pool } from "./pool.js";

declare global {
  /** For hosts whose types know nothing of it, such as Node's without the DOM's; where others do, theirs are added to these. */
  namespace WebAssembly {
    interface Module {}
    interface Memory {}
  }
}

/** Which kernels an engine takes, how many threads, and how much memory. */
export interface EngineOptions {
  /** "auto" (default) takes the fastest build that the host validates. */
  build?: "auto" | BuildName;
  /** Pins the build "simd", whose results are the same bit for bit on every engine. */
  deterministic?: boolean;
  /**
   * How many threads share the work, the caller's among them; "auto" takes as many as the host has cores. 1 by default. Where
   * the host has no shared memory there is one, and `engine.threadsReason` says why.
   */
  threads?: number | "auto";
  /** Bytes that the arena may grow to; 4 GiB by default. */
  maximumMemory?: number;
  /** Compiled kernels to use instead of the embedded ones, such as a streamed `lanegrad/simd.wasm`. */
  module?: WebAssembly.Module;
}

/** Bytes of an engine's linear memory. */
export interface EngineMemory {
  /** Bytes in use by networks and matrices. */
  used: number;
  /** Bytes that the arena holds. */
  reserved: number;
  /** Bytes that the arena may grow to. */
  maximum: number;
}

/** The operands and factors of C ← α·op(A)·op(B) + β·C. */
export interface GemmOptions {
  /** op(A) is `[m, k]`. */
  a: Matrix;
  /** op(B) is `[k, n]`. */
  b: Matrix;
  /** `[m, n]`, of the precision of a and b, and neither of them. */
  c: Matrix;
  /** α; 1 by default. */
  alpha?: number;
  /** β; 0 by default, which never reads C. */
  beta?: number;
  /** Whether op(A) is the transpose of A; false by default. */
  transposeA?: boolean;
  /** Whether op(B) is the transpose of B; false by default. */
  transposeB?: boolean;
}

/** Precision and first values of a matrix. */
export interface MatrixOptions {
  /** "float32" by default. */
  dtype?: DType;
  /** rows × cols numbers, row-major; zeros by default. */
  values?: ArrayLike<number>;
}

/** More threads than this do not pay for nets of the size that is trained here. */
const MOST_THREADS = 16;

const ENGINE_OPTIONS = ["build", "deterministic", "threads", "maximumMemory", "module"];
const GEMM_OPTIONS = ["a", "b", "c", "alpha", "beta", "transposeA", "transposeB"];

/**
 * The kernels with their linear memory, in which networks and matrices lie, and the workers that share the work. Made by
 * `Engine.create`.
 */
export class Engine {
  static #shared: Promise<Engine> | undefined;

  /** The build in use; "custom" for a module of the caller's. */
  readonly build: BuildName | "custom";
  /** Why there are fewer threads than were asked for; undefined where there are as many. */
  readonly threadsReason: string | undefined;
  /** @internal */
  readonly arena: Arena;
  /** @internal */
  readonly shuffle: Exports["shuffle"];
  readonly #kernels: Record<DType, Kernels>;
  readonly #module: WebAssembly.Module;
  readonly #kernelNames: string[];
  readonly #threads: number;
  #pool: Pool | undefined;
  #workspace = { address: 0, bytes: 0 };
  #disposed = false;

  private constructor(
    build: BuildName | "custom",
    module: WebAssembly.Module,
    maximumMemory: number,
    threads: number,
    threadsReason: string | undefined,
  ) {
    this.build = build;
    this.threadsReason = threadsReason;
    this.arena = new Arena(maximumMemory, threads > 1);
    const instance = new WebAssembly.Instance(module, { env: { memory: this.arena.memory, abort } });
    const exports = instance.exports as unknown as Exports;
    const kernelsFor = (dtype: DType) => {
      const kernels = kernelsOf(exports, dtype);
      return threads > 1 ? parallelKernels(kernels, dtype, threads, () => this.#pool) : kernels;
    };
    this.shuffle = exports.shuffle;
    this.#kernels = { float32: kernelsFor("float32"), float64: kernelsFor("float64") };
    this.#module = module;
    this.#kernelNames = Object.keys(exports);
    this.#threads = threads;
  }

  /**
   * Compiles the kernels and makes an empty arena.
   *
   * @throws UnsupportedHostError where the host has no WebAssembly SIMD, or not the build that was asked for
   * @throws RangeError, TypeError on options that make no sense
   */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    checkOptions("options", options, ENGINE_OPTIONS);
    const { build = "auto", deterministic = false, threads = 1, maximumMemory = LARGEST_MEMORY, module } = options;
    checkName("build", build, ["auto", "simd", "relaxed"]);
    checkBoolean("deterministic", deterministic);
    if (deterministic && build === "relaxed") throw rangeError("build", '"simd" or "auto" where deterministic', build);
    if (threads !== "auto") checkInteger("threads", threads, 1);
    checkNumber("maximumMemory", maximumMemory, "a number of bytes from 65536 to 4294967296", (bytes) => {
      return bytes >= 65536 && bytes <= LARGEST_MEMORY;
    });
    if (module !== undefined) {
      if (!(module instanceof WebAssembly.Module)) throw typeError("module", "a WebAssembly.Module", module);
      return new Engine("custom", module, maximumMemory, 1, threads === 1 ? undefined : "the module is the caller's");
    }
    const wanted = threads === "auto" ? Math.min(coresOfHost(), MOST_THREADS) : threads;
    const obstacle = wanted > 1 ? obstacleToThreads() : undefined;
    const { name, module: compiled } = await compileBuild(
      deterministic ? "simd" : build,
      wanted > 1 && obstacle === undefined,
    );
    if (wanted === 1 || obstacle !== undefined) return Engine.#single(name, compiled, maximumMemory, obstacle);
    const engine = new Engine(name, compiled, maximumMemory, wanted, undefined);
    try {
      await engine.#startPool();
      return engine;
    } catch (error) {
      const unshared = await compileBuild(name, false);
      return Engine.#single(name, unshared.module, maximumMemory, `workers cannot start: ${(error as Error).message}`);
    }
  }

  /** An engine with one thread; says once why, where more were asked for. */
  static #single(
    name: BuildName,
    module: WebAssembly.Module,
    maximumMemory: number,
    reason: string | undefined,
  ): Engine {
    if (reason !== undefined) console.warn(`lanegrad works on one thread: ${reason}`);
    return new Engine(name, module, maximumMemory, 1, reason);
  }

  /**
   * The engine of networks that are made without one.
   *
   * @internal
   */
  static shared(): Promise<Engine> {
    Engine.#shared ??= Engine.create().catch((error) => {
      Engine.#shared = undefined;
      throw error;
    });
    return Engine.#shared;
  }

  /** How many threads share the work now, the caller's among them. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Ends the engine's threads, which otherwise sleep while there is no work; later calls take one thread. */
  dispose(): void {
    this.#disposed = true;
    this.#pool?.dispose();
    this.#pool = undefined;
  }

  /** Bytes of the arena, as of now. */
  get memory(): EngineMemory {
    return { used: this.arena.used, reserved: this.arena.reserved, maximum: this.arena.maximum };
  }

  /**
   * A matrix in the arena.
   *
   * @throws ShapeError if `values` does not hold rows × cols numbers
   * @throws RangeError, TypeError, OutOfMemoryError
   */
  matrix(rows: number, cols: number, options: MatrixOptions = {}): Matrix {
    checkInteger("rows", rows, 1);
    checkInteger("cols", cols, 1);
    checkOptions("options", options, ["dtype", "values"]);
    const { dtype = "float32", values } = options;
    checkName("dtype", dtype, DTYPES);
    if (values !== undefined) checkValues(values, rows, cols);
    const address = this.arena.allocate(rows * cols * bytesOf(dtype));
    const matrix = new Matrix(this.arena, address, rows, cols, dtype);
    if (values !== undefined) matrix.values.set(values);
    return matrix;
  }

  /**
   * C ← α·op(A)·op(B) + β·C, where op(X) is X or its transpose. β = 0 never reads C.
   *
   * @throws ShapeError if the shapes do not fit or the precisions differ
   * @throws RangeError if c is a or b, or a matrix is another engine's
   * @throws TypeError, OutOfMemoryError, DisposedError
   */
  gemm(options: GemmOptions): void {
    checkOptions("options", options, GEMM_OPTIONS);
    const { a, b, c, alpha = 1, beta = 0, transposeA = false, transposeB = false } = options;
    this.#checkMatrix("a", a);
    this.#checkMatrix("b", b);
    this.#checkMatrix("c", c);
    checkNumber("alpha", alpha);
    checkNumber("beta", beta);
    checkBoolean("transposeA", transposeA);
    checkBoolean("transposeB", transposeB);
    const m = transposeA ? a.cols : a.rows;
    const k = transposeA ? a.rows : a.cols;
    const n = transposeB ? b.rows : b.cols;
    const depth = transposeB ? b.cols : b.rows;
    if (a.dtype !== c.dtype || b.dtype !== c.dtype) {
      throw new ShapeError(`a, b and c expected one dtype, got ${a.dtype}, ${b.dtype} and ${c.dtype}`);
    }
    if (k !== depth) throw new ShapeError(`op(a) is ${m} × ${k} but op(b) is ${depth} × ${n}: the inner sizes differ`);
    if (c.rows !== m || c.cols !== n) throw new ShapeError(`"c" expected ${m} × ${n}, got ${c.rows} × ${c.cols}`);
    if (c === a || c === b) throw rangeError("c", "a matrix that is neither a nor b", c === a ? "a" : "b");
    const kernels = this.kernels(c.dtype);
    const workspace = this.#workspaceOf(kernels.workspaceBytes(m, n, k));
    kernels.gemm(
      m,
      n,
      k,
      a.address,
      transposeA ? 1 : a.cols,
      transposeA ? a.cols : 1,
      b.address,
      transposeB ? 1 : b.cols,
      transposeB ? b.cols : 1,
      c.address,
      c.cols,
      1,
      alpha,
      beta,
      workspace,
    );
  }

  /** @internal */
  kernels(dtype: DType): Kernels {
    return this.#kernels[dtype];
  }

  async #startPool(): Promise<void> {
    const pool = await Pool.start(this.#threads, this.#module, this.arena, this.#kernelNames, () => {
      this.#pool = undefined;
      if (!this.#disposed) this.#startPool().catch(() => {});
    });
    if (this.#disposed) pool.dispose();
    else this.#pool = pool;
  }

  #checkMatrix(name: string, matrix: unknown): void {
    if (!(matrix instanceof Matrix)) throw typeError(name, "a Matrix", matrix);
    if (!matrix.isIn(this.arena)) throw rangeError(name, "a matrix of this engine", "one of another engine");
    matrix.address;
  }

  /** The workspace of products outside of networks; kept, and replaced by a larger one when that is needed. */
  #workspaceOf(bytes: number): number {
    if (bytes > this.#workspace.bytes) {
      const address = this.arena.allocate(bytes);
      if (this.#workspace.bytes > 0) this.arena.free(this.#workspace.address);
      this.#workspace = { address, bytes };
    }
    return this.#workspace.address;
  }
}

/** Called by kernels that were compiled with assertions, where one does not hold. */
function abort(_message: number, _file: number, line: number, column: number): void {
  throw new Error(`an assertion of the kernels does not hold: ${line}:${column} of its file`);
}

/** What keeps the host from sharing memory with workers. */
function obstacleToThreads(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined")
    return "this page is not cross-origin isolated, so memory cannot be shared";
  return globalThis.crossOriginIsolated === false ? "this page is not cross-origin isolated" : undefined;
}

function coresOfHost(): number {
  const os = nodeModule<{ availableParallelism(): number }>("os");
  return globalThis.navigator?.hardwareConcurrency ?? os?.availableParallelism() ?? 1;
}

function checkValues(values: unknown, rows: number, cols: number): void {
  if (!isList(values)) throw typeError("values", "an array of numbers", values);
  const { length } = values;
  if (length !== rows * cols) throw new ShapeError(`"values" expected ${rows} × ${cols} numbers, got ${length}`);
  checkNumbers("values", values);
}
