// The sizes of the five loops around the micro-kernel, and the workspace that they need.
import { at, fuses, lanes } from "./lanes";

/**
 * Rows of the register tile, which is MR × 2 vectors. With the two vectors of B, one broadcast of A and, without fused
 * multiply-add, one product it must leave some of the 15 vector registers free that engines give to a function.
 */
export const MR: i32 = fuses() ? 5 : 4;

/** Columns of the register tile. */
export function NR<T>(): i32 {
  return 2 * lanes<T>();
}

/**
 * Loop 4: the depth of a panel. A panel of A (MR × KC) and one of B (KC × NR) fit into a first-level cache of 32 KB in either
 * precision. Each turn reads and writes all of C, which is why KC is not smaller.
 */
const KC = 384;

/** Loop 3: rows of A that are packed at once; a multiple of every MR. */
const MC = 100;

/** Loop 5: columns of B that are packed at once; a multiple of every NR. They stay in the second-level cache. */
const NC = 512;

/**
 * Whether rows of A by rows of B are better taken as dot products than packed: as fast as the micro-kernel but for its wider
 * tile, they save the packing, which few rows of A do not repay; a short depth does not repay the sums over lanes.
 */
export function prefersDots(m: i32, k: i32): bool {
  return m <= 4 || (m <= 64 && k >= 16);
}

/**
 * Whether a small product, B's columns contiguous, is better taken row by row than in tiles, which it would leave half empty.
 * Both ways give the same bits up to a depth of KC, so that n may decide although threads cut it.
 */
export function prefersRows<T>(m: i32, n: i32, k: i32): bool {
  return m == 1 || n <= NR<T>() ? m * k <= KC : m < MR && m * k <= 64;
}

/**
 * Whether A, k running along its rows, is better packed than read in place: when a panel is used by enough columns of B.
 * A step of the micro-kernel advances one pointer instead of one a row.
 */
export function repaysPackingA(n: i32): bool {
  return n > 128;
}

/**
 * Whether B, its columns contiguous, is better packed than read in place: when a panel is used by enough rows of A; by fewer
 * where the rows of B, `stride` bytes apart, are spread over many memory pages.
 */
export function repaysPackingB(m: i32, stride: usize): bool {
  return m > (stride > 2048 ? 16 : 48);
}

/** Splits `size` into the fewest parts of at most `limit`, as equal as multiples of `unit` can be. */
function part(size: i32, limit: i32, unit: i32): i32 {
  const parts = (size + limit - 1) / limit;
  return roundUp((size + parts - 1) / parts, unit);
}

function roundUp(size: i32, unit: i32): i32 {
  return ((size + unit - 1) / unit) * unit;
}

export function depthOfPanel(k: i32): i32 {
  return part(k, KC, 1);
}

export function rowsOfBlock(m: i32): i32 {
  return part(m, MC, MR);
}

export function columnsOfBlock<T>(n: i32): i32 {
  return part(n, NC, NR<T>());
}

/** Whole cache lines: what stands behind `bytes` then starts at one. */
function wholeLines(bytes: usize): usize {
  return (bytes + 63) & ~63;
}

/** Bytes of the scratch tile that edge tiles are computed in. */
export function tileBytes<T>(): usize {
  return wholeLines(at<T>(MR * NR<T>()));
}

/** Bytes of a packed block of A for a product with these sizes. */
export function blockBytes<T>(m: i32, k: i32): usize {
  return wholeLines(at<T>(rowsOfBlock(m) * depthOfPanel(k)));
}

/**
 * Bytes of workspace for products of up to m × n × k: the scratch tile, a packed block of A, packed panels of B. A product
 * may take less: of 101 rows one block has 52, of 100 it has 100.
 */
export function workspaceBytes<T>(m: i32, n: i32, k: i32): usize {
  const depth = min(k, KC);
  const block = wholeLines(at<T>(roundUp(min(m, MC), MR) * depth));
  return tileBytes<T>() + block + at<T>(roundUp(min(n, NC), NR<T>()) * depth);
}
