// Both builds from one module: a template, in which four opcodes that no kernel uses stand for fused multiply-adds.
//
// a·b + c is a product of a and b, then c, then their sum. A template has marks in place of these products and sums. The build
// simd has the two operations there, the build relaxed nothing and one fused operation: each as long as its mark.

const PREFIX = 0xfd;

/** The marks' second byte: that of product and sum in single, then in double precision. The third is 1. */
const FIRST_MARK = 0xdc;

const NOTHING = [0x01, 0x01, 0x01];

type Operation = readonly number[];

/** i64x2.extmul_*, in the order of the marks. */
export const MARKS = ["low_i32x4_s", "high_i32x4_s", "low_i32x4_u", "high_i32x4_u"];

const OPERATIONS: Record<"simd" | "relaxed", readonly Operation[]> = {
  // f32x4.mul, f32x4.add, f64x2.mul, f64x2.add
  simd: [
    [PREFIX, 0xe6, 0x01],
    [PREFIX, 0xe4, 0x01],
    [PREFIX, 0xf2, 0x01],
    [PREFIX, 0xf0, 0x01],
  ],
  // f32x4.relaxed_madd, f64x2.relaxed_madd
  relaxed: [NOTHING, [PREFIX, 0x85, 0x02], NOTHING, [PREFIX, 0x87, 0x02]],
};

/** The positions of the marks in a template. */
export function* marksIn(template: Uint8Array): Generator<{ position: number; mark: number }> {
  for (let position = template.indexOf(PREFIX); position >= 0; position = template.indexOf(PREFIX, position + 1)) {
    const mark = (template[position + 1] as number) - FIRST_MARK;
    if (mark >= 0 && mark < MARKS.length && template[position + 2] === 1) yield { position, mark };
  }
}

/** Makes a build of a template, in place. */
export function specialize(template: Uint8Array<ArrayBuffer>, build: "simd" | "relaxed"): Uint8Array<ArrayBuffer> {
  for (const { position, mark } of marksIn(template)) template.set(OPERATIONS[build][mark] as Operation, position);
  return template;
}
