// The arena: blocks of one memory, given out, taken back, joined, and grown.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arena } from "../src/engine/arena.js";
import { DisposedError, OutOfMemoryError } from "../src/index.js";
import { engineOf } from "./support/builds.js";

const PAGE = 65536;

/** Bytes that are never given out: address 0 at one end, room for kernels' reading past a block at the other. */
const ENDS = 128;

const PLENTY = 64 * PAGE;

/** The error that `call` throws, and nothing else. */
function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return expect.unreachable("no error");
}

/** Asserts that all memory is one free block: it can be had at once, without growth. */
function expectWhole(arena: Arena): void {
  expect(arena.used).toBe(0);
  const { reserved } = arena;
  arena.free(arena.allocate(reserved - ENDS));
  expect(arena.reserved).toBe(reserved);
}

describe.each([
  { kind: "plain", shared: false },
  { kind: "shared", shared: true },
])("an arena of $kind memory", ({ shared }) => {
  test("blocks start at cache lines, and never at 0", () => {
    const arena = new Arena(PLENTY, shared);
    for (const bytes of [1, 4, 63, 64, 65, 1000, PAGE]) {
      const address = arena.allocate(bytes);
      expect(address % 64).toBe(0);
      expect(address).toBeGreaterThan(0);
    }
  });

  test("`used` counts whole cache lines", () => {
    const arena = new Arena(PLENTY, shared);
    const addresses = [1, 64, 65].map((bytes) => arena.allocate(bytes));
    expect(arena.used).toBe(64 + 64 + 128);
    arena.free(addresses[2] as number);
    expect(arena.used).toBe(64 + 64);
  });

  test("a block that is used again is zeroed", () => {
    const arena = new Arena(PLENTY, shared);
    const address = arena.allocate(256);
    arena.view("float32", address, 64).fill(7);
    arena.free(address);
    expect(arena.allocate(256)).toBe(address);
    expect(arena.copy("float32", address, 64)).toEqual(new Float32Array(64));
  });

  test("neighbours that are free become one block, in whichever order they are freed", () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const order of orders) {
      const arena = new Arena(PLENTY, shared);
      const blocks = [1, 2, 3].map(() => arena.allocate(192));
      const behind = arena.allocate(64);
      for (const index of order) arena.free(blocks[index] as number);
      expect(arena.allocate(3 * 192)).toBe(blocks[0]);
      arena.free(blocks[0] as number);
      arena.free(behind);
      expectWhole(arena);
    }
  });

  test("growth is by whole pages, joins the free end, and keeps what there is", () => {
    const arena = new Arena(PLENTY, shared);
    const first = arena.allocate(1024);
    arena.view("float64", first, 128).fill(Math.PI);
    const large = arena.allocate(3 * PAGE);
    expect(large).toBe(first + 1024);
    expect(arena.reserved).toBe(4 * PAGE);
    expect(arena.copy("float64", first, 128)).toEqual(new Float64Array(128).fill(Math.PI));
    expect(arena.copy("float32", large, (3 * PAGE) / 4)).toEqual(new Float32Array((3 * PAGE) / 4));
    arena.free(first);
    arena.free(large);
    expectWhole(arena);
  });

  test("views of all memory are of the memory as it is after growth", () => {
    const arena = new Arena(PLENTY, shared);
    arena.allocate(2 * PAGE);
    expect(arena.floats("float32").byteLength).toBe(arena.reserved);
    expect(arena.floats("float64").byteLength).toBe(arena.reserved);
    expect(arena.integers.byteLength).toBe(arena.reserved);
  });

  test("a refusal says what was asked for and what could be had, and changes nothing", () => {
    const arena = new Arena(4 * PAGE, shared);
    const kept = arena.allocate(PAGE);
    const { used, reserved } = arena;
    const error = errorOf(() => arena.allocate(4 * PAGE)) as OutOfMemoryError;
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error).toMatchObject({ asked: 4 * PAGE, available: 3 * PAGE - ENDS });
    expect(error.message).toContain(`asked for ${4 * PAGE} bytes, ${3 * PAGE - ENDS} available`);
    expect(arena).toMatchObject({ used, reserved });

    expect(errorOf(() => arena.allocate(error.available + 1))).toBeInstanceOf(OutOfMemoryError);
    const rest = arena.allocate(error.available);
    expect(arena.used).toBe(arena.maximum - ENDS);
    arena.free(rest);
    arena.free(kept);
    expectWhole(arena);
  });

  test("what could be had counts a hole as well as the end", () => {
    const arena = new Arena(4 * PAGE, shared);
    const hole = arena.allocate(2 * PAGE);
    const last = arena.allocate(2 * PAGE - ENDS - 64);
    expect(errorOf(() => arena.allocate(PAGE))).toMatchObject({ available: 64 });
    arena.free(hole);
    expect(errorOf(() => arena.allocate(3 * PAGE))).toMatchObject({ available: 2 * PAGE });
    expect(arena.allocate(2 * PAGE)).toBe(hole);
    arena.free(last);
  });

  test("only what was allocated can be freed, and once", () => {
    const arena = new Arena(PLENTY, shared);
    const address = arena.allocate(128);
    expect(() => arena.free(address + 64)).toThrow(/no block at address/);
    arena.free(address);
    expect(() => arena.free(address)).toThrow(/no block at address/);
    expectWhole(arena);
  });

  test("any order of allocations and frees: blocks apart and zeroed, `used` exact, all of it whole in the end", () => {
    const allocation = fc.record({
      bytes: fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 3 * PAGE })),
    });
    const release = fc.record({ which: fc.nat() });
    fc.assert(
      fc.property(fc.array(fc.oneof(allocation, allocation, release), { maxLength: 60 }), (steps) => {
        const arena = new Arena(8 * PAGE, shared);
        const blocks: { address: number; bytes: number; mark: number }[] = [];
        for (const [mark, step] of steps.entries()) {
          if ("which" in step) {
            const [block] = blocks.splice(step.which % Math.max(1, blocks.length), 1);
            if (block !== undefined) arena.free(block.address);
          } else {
            const bytes = Math.ceil(step.bytes / 64) * 64;
            const { used, reserved } = arena;
            try {
              const address = arena.allocate(step.bytes);
              const place = arena.integers.subarray(address / 4, (address + bytes) / 4);
              expect(
                place.findIndex((word) => word !== 0),
                "word that is not zero",
              ).toBe(-1);
              place.fill(mark + 1);
              blocks.push({ address, bytes, mark: mark + 1 });
            } catch (error) {
              const { asked, available } = error as OutOfMemoryError;
              expect(asked).toBe(bytes);
              expect(available).toBeLessThan(bytes);
              expect(arena).toMatchObject({ used, reserved });
              if (available > 0) arena.free(arena.allocate(available));
            }
          }
          expect(arena.used).toBe(blocks.reduce((total, block) => total + block.bytes, 0));
          const inOrder = [...blocks].sort((a, b) => a.address - b.address);
          for (const [index, { address, bytes }] of inOrder.entries()) {
            expect(address + bytes).toBeLessThanOrEqual(inOrder[index + 1]?.address ?? arena.reserved - ENDS / 2);
          }
        }
        for (const { address, bytes, mark } of blocks) {
          const words = arena.integers.subarray(address / 4, (address + bytes) / 4);
          expect(
            words.findIndex((word) => word !== mark),
            "word of another block",
          ).toBe(-1);
          arena.free(address);
        }
        expectWhole(arena);
      }),
      { seed: 3, numRuns: 150 },
    );
  });
});

describe("engine.matrix", () => {
  test("values are live, zeros at first, and shown anew when the arena has grown", async () => {
    const engine = await engineOf("simd");
    const matrix = engine.matrix(2, 3);
    expect(matrix.values).toEqual(new Float32Array(6));
    matrix.values.set([1, 2, 3, 4, 5, 6]);
    const before = matrix.values;
    expect(matrix.values).toBe(before);
    engine.matrix(PAGE, 1);
    expect(before).toHaveLength(0);
    expect([...matrix.values]).toEqual([1, 2, 3, 4, 5, 6]);
    matrix.values[0] = -1;
    const result = engine.matrix(2, 2);
    engine.gemm({ a: matrix, b: matrix, c: result, transposeB: true });
    expect([...result.values]).toEqual([1 + 4 + 9, -4 + 10 + 18, -4 + 10 + 18, 16 + 25 + 36]);
  });

  test("memory is what its matrices take, until they are freed", async () => {
    const engine = await engineOf("simd", { maximumMemory: 8 * PAGE });
    expect(engine.memory).toEqual({ used: 0, reserved: PAGE, maximum: 8 * PAGE });
    const single = engine.matrix(3, 5);
    const double = engine.matrix(3, 5, { dtype: "float64" });
    expect(engine.memory.used).toBe(64 + 128);
    single.free();
    single.free();
    expect(engine.memory.used).toBe(128);
    expect(() => single.values).toThrow(DisposedError);
    double.free();
    expect(engine.memory.used).toBe(0);
  });

  test("one too large is refused with both numbers, and the engine goes on", async () => {
    const engine = await engineOf("simd", { maximumMemory: 4 * PAGE });
    const a = engine.matrix(1, 2, { values: [3, 4] });
    const { memory } = engine;
    expect(errorOf(() => engine.matrix(1000, 1000))).toMatchObject({
      name: "OutOfMemoryError",
      asked: 4_000_000,
      available: 4 * PAGE - ENDS - 64,
    });
    expect(errorOf(() => engine.matrix(2 ** 30, 2 ** 30, { dtype: "float64" }))).toBeInstanceOf(OutOfMemoryError);
    expect(engine.memory).toEqual(memory);
    const c = engine.matrix(1, 1);
    engine.gemm({ a, b: a, c, transposeB: true });
    expect([...c.values]).toEqual([25]);
  });

  test("a product whose workspace is refused leaves c, and can be tried again", async () => {
    const engine = await engineOf("simd", { maximumMemory: 2 * PAGE });
    const a = engine.matrix(64, 1, { values: new Uint8Array(64).fill(2) });
    const c = engine.matrix(64, 64);
    c.values.fill(5);
    const rest = engine.matrix((engine.memory.maximum - ENDS - engine.memory.used) / 4, 1);
    const { used } = engine.memory;
    expect(() => engine.gemm({ a, b: a, c, transposeB: true })).toThrow(OutOfMemoryError);
    expect(c.values).toEqual(new Float32Array(64 * 64).fill(5));
    expect(engine.memory.used).toBe(used);
    rest.free();
    engine.gemm({ a, b: a, c, transposeB: true });
    expect(c.values).toEqual(new Float32Array(64 * 64).fill(4));
  });
});
