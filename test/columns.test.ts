// The builds as they are embedded: in columns, of which either is put together, and the choice between them.
import { afterEach, describe, expect, test, vi } from "vitest";
import { Engine, UnsupportedHostError } from "../src/index.js";
import { BUILDS, bytesOf, embedded } from "./support/builds.js";

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(["simd", "relaxed"] as const)("the build %s is put together as the file that is published", (build) => {
  expect(Buffer.compare(embedded(build, false), bytesOf(build))).toBe(0);
});

describe("the builds", () => {
  const [simd, relaxed] = (["simd", "relaxed"] as const).map((build) => Buffer.from(bytesOf(build)));
  const count = (bytes: Buffer | undefined, ...operation: number[]) =>
    (bytes?.toString("latin1").split(String.fromCharCode(...operation)).length ?? 0) - 1;

  test("have a multiply-add in the same places: that of simd is one more product and sum, in either precision", () => {
    for (const [fused, product, sum] of [
      [0x85, 0xe6, 0xe4],
      [0x87, 0xf2, 0xf0],
    ] as const) {
      const multiplyAdds = count(relaxed, 0xfd, fused, 2);
      expect(multiplyAdds).toBeGreaterThan(100);
      expect(count(simd, 0xfd, fused, 2)).toBe(0);
      expect(count(simd, 0xfd, product, 1)).toBe(count(relaxed, 0xfd, product, 1) + multiplyAdds);
      expect(count(simd, 0xfd, sum, 1)).toBe(count(relaxed, 0xfd, sum, 1) + multiplyAdds);
    }
  });

  test("need nothing that a host with SIMD, or with relaxed SIMD, does not know", async () => {
    expect(WebAssembly.validate(bytesOf("simd"))).toBe(true);
    expect((await Engine.create()).build).toBe(BUILDS.includes("relaxed") ? "relaxed" : "simd");
  });
});

describe("a host", () => {
  /** A host that does not know modules in which these bytes are. */
  function withoutOperation(...operation: number[]): void {
    const { validate } = WebAssembly;
    vi.spyOn(WebAssembly, "validate").mockImplementation((bytes) => {
      return !Buffer.from(bytes as Uint8Array).includes(Buffer.from(operation)) && validate(bytes);
    });
  }

  test("without relaxed SIMD gets the build simd, or is told what it lacks", async () => {
    withoutOperation(0xfd, 0x85, 2);
    expect((await Engine.create()).build).toBe("simd");
    const refused = Engine.create({ build: "relaxed" });
    await expect(refused).rejects.toThrow(new UnsupportedHostError("WebAssembly relaxed SIMD"));
  });

  test("without SIMD is told so", async () => {
    withoutOperation(0xfd);
    await expect(Engine.create()).rejects.toThrow(new UnsupportedHostError("WebAssembly SIMD"));
    await expect(Engine.create({ build: "simd" })).rejects.toThrow(new UnsupportedHostError("WebAssembly SIMD"));
  });
});
