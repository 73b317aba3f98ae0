// The safetensors format: round trips, files made by hand from the specification, and every kind of broken file.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafetensors, type StoredTensor, type TensorFile, writeSafetensors } from "../src/format/safetensors.js";
import { FormatError } from "../src/index.js";

/** A file by the specification: the header's length in eight bytes, the header, the data. */
function fileOf(header: unknown, data: number[] = [], length?: number): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const bytes = Buffer.from(text, "utf8");
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(length ?? bytes.length);
  return new Uint8Array(Buffer.concat([prefix, bytes, Buffer.from(data)]));
}

function refusalOf(file: Uint8Array): FormatError {
  try {
    readSafetensors(file);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return error as FormatError;
  }
  return expect.unreachable("no error");
}

const pair = (begin: number, end: number, more: object = {}) => {
  return { dtype: "U8", shape: [end - begin], data_offsets: [begin, end], ...more };
};

describe("a file made by hand", () => {
  // 1.5 and −2 in single precision, 3 in double precision
  const data = [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 8, 0x40];
  const header =
    '{"__metadata__":{"by":"händ"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
    '"b":{"dtype":"F64","shape":[],"data_offsets":[8,16]}}';

  test("is read", () => {
    const { tensors, metadata } = readSafetensors(fileOf(header, data));
    expect([...metadata]).toEqual([["by", "händ"]]);
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    const [a, b] = [...tensors.values()] as [StoredTensor, StoredTensor];
    expect(a).toMatchObject({ dtype: "F32", shape: [1, 2] });
    expect([...new Float32Array(a.bytes.slice().buffer)]).toEqual([1.5, -2]);
    expect(b).toMatchObject({ dtype: "F64", shape: [] });
    expect([...new Float64Array(b.bytes.slice().buffer)]).toEqual([3]);
  });

  test("is read in any order of names, with spaces behind the header, from the middle of a buffer", () => {
    const { a, b } = JSON.parse(header);
    const file = fileOf(`${JSON.stringify({ b, a })}     `, data);
    const within = new Uint8Array(file.length + 3);
    within.set(file, 3);
    const { tensors } = readSafetensors(within.subarray(3));
    expect([...new Float32Array((tensors.get("a") as StoredTensor).bytes.slice().buffer)]).toEqual([1.5, -2]);
    expect((tensors.get("b") as StoredTensor).bytes).toEqual(new Uint8Array(data.slice(8)));
  });

  test("is what is written, byte by byte, its header padded with spaces to eight bytes", () => {
    const spaces = -Buffer.byteLength(header) & 7;
    expect(spaces).toBeGreaterThan(0);
    const file: TensorFile = {
      metadata: new Map([["by", "händ"]]),
      tensors: new Map([
        ["a", { dtype: "F32", shape: [1, 2], bytes: new Uint8Array(new Float32Array([1.5, -2]).buffer) }],
        ["b", { dtype: "F64", shape: [], bytes: new Uint8Array(new Float64Array([3]).buffer) }],
      ]),
    };
    expect(writeSafetensors(file)).toEqual(fileOf(header + " ".repeat(spaces), data));
  });

  test("may hold no tensor, and tensors without elements", () => {
    expect(readSafetensors(fileOf("{}"))).toEqual({ tensors: new Map(), metadata: new Map() });
    const header = { x: pair(0, 2), none: pair(0, 0), empty: { ...pair(2, 2), dtype: "F64", shape: [3, 0] } };
    const { tensors } = readSafetensors(fileOf(header, [1, 2]));
    expect([...tensors].map(([name, { bytes }]) => [name, bytes.length])).toEqual([
      ["none", 0],
      ["x", 2],
      ["empty", 0],
    ]);
  });
});

test("what was written is read again, whatever it is", () => {
  const tensor = fc.oneof(
    fc.float32Array({ maxLength: 9 }).map((values) => ({ dtype: "F32", values })),
    fc.float64Array({ maxLength: 9 }).map((values) => ({ dtype: "F64", values })),
    fc.uint32Array({ maxLength: 9 }).map((values) => ({ dtype: "U32", values })),
  );
  const name = fc.string({ unit: "grapheme" }).filter((text) => text !== "__proto__" && text !== "__metadata__");
  fc.assert(
    fc.property(fc.dictionary(name, tensor), fc.dictionary(name, fc.string()), (given, notes) => {
      const tensors = new Map(
        Object.entries(given).map(([name, { dtype, values }]) => {
          const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
          return [name, { dtype, shape: [values.length, 1], bytes }];
        }),
      );
      const file = writeSafetensors({ tensors, metadata: new Map(Object.entries(notes)) });
      expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
      const read = readSafetensors(file);
      expect([...read.metadata].sort()).toEqual(Object.entries(notes).sort());
      expect(read.tensors.size).toBe(tensors.size);
      for (const [name, { dtype, shape, bytes }] of tensors) {
        expect(read.tensors.get(name)).toMatchObject({ dtype, shape });
        expect(Buffer.compare((read.tensors.get(name) as StoredTensor).bytes, bytes)).toBe(0);
      }
    }),
  );
});

describe("refused is", () => {
  const good = pair(0, 4);
  const four = [1, 2, 3, 4];
  const tooLong = fileOf("{}");
  tooLong[7] = 0x80;

  test.each<[string, Uint8Array, place: string, problem: RegExp]>([
    ["an empty file", new Uint8Array(0), "byte 0", /no header/],
    ["a file of seven bytes", new Uint8Array(7), "byte 0", /no header/],
    ["a header longer than the file", fileOf("{}", [], 3), "byte 0", /a header of 3 bytes in a file with 2 more/],
    ["a header of 2⁶³ bytes", tooLong, "byte 0", /a header of 9\d+ bytes/],
    ["an empty header", fileOf(""), "byte 8", /"{"/],
    ["a header cut short", fileOf({ a: good }, four, 20), "header", /JSON/],
    ["a header with a space before it", fileOf(" {}"), "byte 8", /"{"/],
    ["an array as a header", fileOf("[]"), "byte 8", /"{"/],
    ["data within the header", fileOf({ a: good }, four, JSON.stringify({ a: good }).length + 4), "header", /JSON/],
    ["a header that is no UTF-8", fileOf("{}", [0xff], 3), "header", /./],
    ["a deep header", fileOf(`{"a":${"[".repeat(200_000)}`), "header", /./],
    ["a million lists", fileOf(`{"a":[${"[],".repeat(2 ** 19)}[]]}`), "header", /more than 1048576 values/],
    ["a million lists in a text", fileOf(`{"a":"[${"[],".repeat(2 ** 19)}[]]"}`), "header", /more than 1048576 values/],
    ["no object for a tensor", fileOf({ a: 3 }), "a", /not an object/],
    ["null for a tensor", fileOf({ a: null }), "a", /not an object/],
    ["an array for a tensor", fileOf({ a: [] }), "a", /not an object/],
    ["an unknown key", fileOf({ a: { ...good, strides: [1] } }, four), "a.strides", /unknown/],
    ["a missing type", fileOf({ a: { ...good, dtype: undefined } }, four), "a.dtype", /unknown/],
    ["an unknown type", fileOf({ a: { ...good, dtype: "F31" } }, four), "a.dtype", /unknown/],
    ["the name of a method as a type", fileOf({ a: { ...good, dtype: "toString" } }, four), "a.dtype", /unknown/],
    ["a list of types", fileOf({ a: { ...good, dtype: ["U8"] } }, four), "a.dtype", /unknown/],
    ["a missing shape", fileOf({ a: { ...good, shape: undefined } }, four), "a.shape", /sizes/],
    ["a number as a shape", fileOf({ a: { ...good, shape: 4 } }, four), "a.shape", /sizes/],
    ["a negative size", fileOf({ a: { ...good, shape: [-4] } }, four), "a.shape", /sizes/],
    ["two negative sizes", fileOf({ a: { ...good, shape: [-2, -2] } }, four), "a.shape", /sizes/],
    ["a fraction as a size", fileOf({ a: { ...good, shape: [0.5, 8] } }, four), "a.shape", /sizes/],
    ["a text as a size", fileOf({ a: { ...good, shape: ["4"] } }, four), "a.shape", /sizes/],
    ["a size beyond 2⁵³", fileOf({ a: { ...good, shape: [1e300, 0] } }, four), "a.shape", /sizes/],
    [
      "sizes whose product overflows",
      fileOf({ a: pair(0, 4, { shape: new Array(99).fill(2 ** 52) }) }, four),
      "a.data_offsets",
      /./,
    ],
    [
      "infinity times zero",
      fileOf({ a: pair(0, 0, { shape: [...new Array(99).fill(2 ** 52), 0] }) }),
      "a.data_offsets",
      /NaN/,
    ],
    ["missing offsets", fileOf({ a: { ...good, data_offsets: undefined } }, four), "a.data_offsets", /two/],
    ["one offset", fileOf({ a: { ...good, data_offsets: [0] } }, four), "a.data_offsets", /two/],
    ["three offsets", fileOf({ a: { ...good, data_offsets: [0, 4, 4] } }, four), "a.data_offsets", /two/],
    ["a negative offset", fileOf({ a: { ...good, data_offsets: [-4, 0] } }, four), "a.data_offsets", /two/],
    [
      "an end before the beginning",
      fileOf({ a: { ...good, data_offsets: [4, 0] } }, four),
      "a.data_offsets",
      /-4 bytes/,
    ],
    ["a shape larger than its bytes", fileOf({ a: { ...good, shape: [5] } }, four), "a.data_offsets", /takes 5/],
    ["a type larger than its bytes", fileOf({ a: { ...good, dtype: "F16" } }, four), "a.data_offsets", /takes 8/],
    ["an end behind the file", fileOf({ a: pair(0, 5) }, four), "data", /4 bytes, of which tensors hold 5/],
    ["a petabyte", fileOf({ a: pair(0, 2 ** 50) }, four), "data", /4 bytes/],
    ["bytes that no tensor holds", fileOf({ a: pair(0, 3) }, four), "data", /4 bytes, of which tensors hold 3/],
    ["data without tensors", fileOf({}, four), "data", /hold 0/],
    ["a hole at the beginning", fileOf({ a: pair(1, 4) }, four), "a", /byte 1 of the data, not at 0/],
    ["a hole between two", fileOf({ a: pair(0, 1), b: pair(2, 4) }, four), "b", /byte 2 of the data, not at 1/],
    ["two that overlap", fileOf({ a: pair(0, 3), b: pair(2, 4) }, four), "b", /byte 2 of the data, not at 3/],
    ["two in one place", fileOf({ a: pair(0, 4), b: pair(0, 4) }, four), "b", /byte 0 of the data, not at 4/],
    ["an empty one in another", fileOf({ a: pair(0, 4), b: pair(2, 2) }, four), "b", /byte 2 of the data, not at 4/],
    [
      "a name that is there twice",
      fileOf(`{"a":${JSON.stringify(pair(0, 2))},"a":${JSON.stringify(pair(2, 4))}}`, four),
      "a",
      /byte 2 of the data/,
    ],
    ["metadata that is a text", fileOf({ __metadata__: "x" }), "__metadata__", /not an object/],
    ["metadata that is a list", fileOf({ __metadata__: ["x"] }), "__metadata__", /not an object/],
    ["metadata with a number", fileOf({ __metadata__: { x: 1 } }), "__metadata__.x", /not a string/],
    ["__proto__ as a tensor", fileOf(`{"__proto__":${JSON.stringify(good)}}`, four), "header", /__proto__/],
    ["__proto__ in the metadata", fileOf('{"__metadata__":{"__proto__":"x"}}'), "__metadata__", /__proto__/],
    ["__proto__ in a tensor", fileOf('{"a":{"__proto__":{"dtype":"U8"},"shape":[]}}'), "a", /__proto__/],
  ])("%s", (_, file, place, problem) => {
    const error = refusalOf(file);
    expect(error.name).toBe("FormatError");
    expect(error.place).toBe(place);
    expect(error.message).toMatch(problem);
    expect(error.message.startsWith(`${error.place}: `)).toBe(true);
    expect(Object.prototype).not.toHaveProperty("dtype");
  });
});

test("a file that was changed anywhere is read or refused, and nothing else", () => {
  const notes = new Map([["note", "x"]]);
  const tensors = new Map(
    ["0.weight", "0.bias"].map((name, index) => [
      name,
      { dtype: "F32", shape: [index + 1], bytes: new Uint8Array(4 * index + 4) },
    ]),
  );
  const file = writeSafetensors({ tensors, metadata: notes });
  const edit = fc.record({
    at: fc.nat(file.length - 1),
    remove: fc.nat(4),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ maxLength: 4 }).map((text) => Buffer.from(text)),
    ),
  });
  let refused = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      let changed: Uint8Array = file;
      for (const { at, remove, insert } of edits) {
        changed = new Uint8Array(Buffer.concat([changed.subarray(0, at), insert, changed.subarray(at + remove)]));
      }
      try {
        const { tensors } = readSafetensors(changed);
        for (const { bytes } of tensors.values()) expect(bytes.buffer).toBe(changed.buffer);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
    }),
    { numRuns: 3000 },
  );
  expect(refused).toBeGreaterThan(1000);
});
