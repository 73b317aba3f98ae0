// Makes both builds out of the compiled kernels, which differ nowhere but in how a multiply-add is done.
//
// Every relaxed_madd becomes a product and a sum, marked by opcodes that no kernel uses. These are then overwritten: in the build
// simd by a product and a sum, in the build relaxed by nothing and by one fused operation, each as long as its mark.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const build = new URL("../build/", import.meta.url);
const FUSED = { "f32x4.relaxed_madd": 0, "f64x2.relaxed_madd": 2 };

/** i64x2.extmul_*: the marks of product and sum in single, then in double precision; and the bytes of the first. */
const MARKS = ["low_i32x4_s", "high_i32x4_s", "low_i32x4_u", "high_i32x4_u"];
const [PREFIX, FIRST_MARK, LAST_BYTE] = [0xfd, 0xdc, 0x01];

const NOTHING = [0x01, 0x01, 0x01];

const OPERATIONS = {
  // f32x4.mul, f32x4.add, f64x2.mul, f64x2.add
  simd: [0xe6, 0xe4, 0xf2, 0xf0].map((code) => [PREFIX, code, 0x01]),
  // f32x4.relaxed_madd, f64x2.relaxed_madd
  relaxed: [NOTHING, [PREFIX, 0x85, 0x02], NOTHING, [PREFIX, 0x87, 0x02]],
};

/** (relaxed_madd a b c) → (sum (product a b) c), in WebAssembly's text format. */
function withMarks(text) {
  let marks = 0;
  /** Open brackets: how many operands each has had, where it is a multiply-add. */
  const open = [];
  const marked = text.replace(/\((f(?:32x4|64x2)\.relaxed_madd)?|\)/g, (bracket, fused) => {
    if (bracket === ")") {
      open.pop();
      const parent = open.at(-1);
      return parent !== undefined && ++parent.operands === 2 && parent.isFused ? "))" : ")";
    }
    open.push({ isFused: fused !== undefined, operands: 0 });
    if (fused === undefined) return bracket;
    marks += 2;
    const [product, sum] = MARKS.slice(FUSED[fused]);
    return `(i64x2.extmul_${sum} (i64x2.extmul_${product}`;
  });
  return { marked, marks };
}

/** Optimized here and not by the compiler, which inlines more: a third larger, and hardly faster. */
const kernels = binaryen.readBinary(readFileSync(new URL("kernels.wasm", build)));
kernels.setFeatures(binaryen.Features.All);
binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(0);
binaryen.setFlexibleInlineMaxSize(45);
kernels.optimize();
kernels.optimize();
// Each worker would write it anew, into the arena.
if (kernels.getNumDataSegments() > 0) throw new Error("the kernels hold static data");
const text = kernels.emitText();
if (text.includes("extmul")) throw new Error("a kernel uses an operation that stands for a mark");
const { marked, marks } = withMarks(text);
const module = binaryen.parseText(marked);
module.setFeatures(binaryen.Features.All);
const template = module.emitBinary();
const positions = [...template.keys()].filter((at) => {
  const mark = template[at + 1] - FIRST_MARK;
  return template[at] === PREFIX && mark in MARKS && template[at + 2] === LAST_BYTE;
});
if (marks === 0 || positions.length !== marks) throw new Error("bytes that are no mark look like one");

// Constants in memory would lie where the arena hands out blocks.
if (module.getNumDataSegments() > 0) throw new Error("a kernel puts constants into memory");

for (const [name, operations] of Object.entries(OPERATIONS)) {
  const made = Uint8Array.from(template);
  for (const at of positions) made.set(operations[template[at + 1] - FIRST_MARK], at);
  writeFileSync(new URL(`${name}.wasm`, build), made);
}
