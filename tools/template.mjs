// Makes the template of the builds out of the compiled kernels: every relaxed_madd as a marked product and a marked sum.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";
import { MARKS, marksIn, specialize } from "../build/template.mjs";

const build = new URL("../build/", import.meta.url);
const FUSED = { "f32x4.relaxed_madd": 0, "f64x2.relaxed_madd": 2 };

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
if (marks === 0 || [...marksIn(template)].length !== marks) throw new Error("bytes that are no mark look like one");

// Constants in memory would lie where the arena hands out blocks.
if (module.getNumDataSegments() > 0) throw new Error("a kernel puts constants into memory");

writeFileSync(new URL("template.wasm", build), template);
for (const name of ["simd", "relaxed"]) {
  writeFileSync(new URL(`${name}.wasm`, build), specialize(Uint8Array.from(template), name));
}
