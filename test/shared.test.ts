// The kernels for a shared memory: the module's own bytes but for the memory that it imports.
import { describe, expect, test } from "vitest";
import { BUILDS, bytesOf, embedded } from "./support/builds.js";

const HEADER_BYTES = 8;

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
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const [size, start] = integerAt(bytes, at + 1);
    sections.push({ id: bytes[at] as number, content: [...bytes.subarray(start, start + size)] });
    at = start + size;
  }
  return sections;
}

const IMPORTS = 2;

describe.each(BUILDS.filter((build) => build !== "debug"))("%s", (build) => {
  const bytes = bytesOf(build);
  const shared = embedded(build, true);

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
});
