// The kernels for a shared memory: the module's own bytes but for the memory that it imports.
import { describe, expect, test } from "vitest";
import { withSharedMemory } from "../src/engine/shared.js";
import { BUILDS, bytesOf } from "./support/builds.js";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

interface Section {
  id: number;
  content: number[];
}

/** An unsigned LEB128 integer at `start`, and where it ends. */
function integerAt(bytes: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  for (let at = start, weight = 1; ; at++, weight *= 128) {
    const byte = bytes[at] as number;
    value += (byte % 128) * weight;
    if (byte < 128) return [value, at + 1];
  }
}

/** The sections of a module, in order. */
function sectionsOf(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = HEADER.length; at < bytes.length; ) {
    const [size, start] = integerAt(bytes, at + 1);
    sections.push({ id: bytes[at] as number, content: [...bytes.subarray(start, start + size)] });
    at = start + size;
  }
  return sections;
}

const IMPORTS = 2;
const name = (text: string) => [text.length, ...Buffer.from(text)];
const memoryImport = (...limits: number[]) => [...name("env"), ...name("memory"), 2, ...limits];

/** A module of one import section. */
function moduleImporting(...imports: number[][]): Uint8Array {
  const content = [imports.length, ...imports.flat()];
  return Uint8Array.from([...HEADER, IMPORTS, content.length, ...content]);
}

describe.each(BUILDS.filter((build) => build !== "debug"))("%s", (build) => {
  const bytes = bytesOf(build);
  const shared = withSharedMemory(bytes);

  test("imports a shared memory, and no other", () => {
    const module = new WebAssembly.Module(shared);
    expect(WebAssembly.Module.imports(module).filter(({ kind }) => kind === "memory")).toEqual([
      { module: "env", name: "memory", kind: "memory" },
    ]);
    const env = (memory: WebAssembly.Memory) => ({ env: { memory, abort: () => {} } });
    const memories = [true, false].map((isShared) => {
      return new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: isShared });
    });
    expect(() => new WebAssembly.Instance(module, env(memories[0] as WebAssembly.Memory))).not.toThrow();
    expect(() => new WebAssembly.Instance(module, env(memories[1] as WebAssembly.Memory))).toThrow(
      WebAssembly.LinkError,
    );
  });

  test("is otherwise the same, byte for byte", () => {
    const before = sectionsOf(bytes);
    const after = sectionsOf(shared);
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    for (const [index, { id, content }] of before.entries()) {
      const now = after[index]?.content as number[];
      if (id !== IMPORTS) expect(Buffer.compare(Buffer.from(now), Buffer.from(content))).toBe(0);
      else expect(now.slice(0, content.length - 2)).toEqual(content.slice(0, -2));
    }
    expect(WebAssembly.Module.exports(new WebAssembly.Module(shared))).toEqual(
      WebAssembly.Module.exports(new WebAssembly.Module(bytes)),
    );
  });

  test("leaves the bytes it was given as they were", () => {
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(sectionsOf(bytes)).toEqual(sectionsOf(bytesOf(build)));
  });
});

describe("a small module", () => {
  test("is rewritten, sizes of more than a byte too", () => {
    const long = [...name("e".repeat(120)), ...name("f"), 3, 0x7f, 0];
    for (const module of [
      moduleImporting(memoryImport(0, 0)),
      moduleImporting([...name("e"), ...name("g"), 3, 0x7f, 0], memoryImport(0, 0)),
    ]) {
      expect(WebAssembly.validate(module as Uint8Array<ArrayBuffer>)).toBe(true);
      expect(WebAssembly.validate(withSharedMemory(module))).toBe(true);
      expect(() => withSharedMemory(withSharedMemory(module))).toThrow("unshared memory");
    }
    const module = Uint8Array.from([...HEADER, 2, 0x8d, 0x01, 2, ...long, ...memoryImport(0, 0)]);
    expect(module.length - HEADER.length - 3).toBe(0x8d);
    expect(WebAssembly.validate(module)).toBe(true);
    expect(WebAssembly.validate(withSharedMemory(module))).toBe(true);
  });

  test.each<[string, Uint8Array]>([
    ["a memory with a maximum", moduleImporting(memoryImport(1, 0, 1))],
    ["a memory that is not empty", moduleImporting(memoryImport(0, 1))],
    ["a shared memory", moduleImporting(memoryImport(3, 0, 1))],
    ["an import behind the memory", moduleImporting(memoryImport(0, 0), [...name("e"), ...name("g"), 3, 0x7f, 0])],
    ["no memory", moduleImporting([...name("e"), ...name("g"), 3, 0x7f, 0])],
    ["no imports", Uint8Array.from([...HEADER, IMPORTS, 1, 0])],
    ["no import section", Uint8Array.from(HEADER)],
    ["another section only", Uint8Array.from([...HEADER, 1, 1, 0])],
  ])("with %s is refused", (_, module) => {
    expect(WebAssembly.validate(module as Uint8Array<ArrayBuffer>)).toBe(true);
    expect(() => withSharedMemory(module)).toThrow("unshared memory");
  });
});
