// Baseline: register-tiled matrix products. Both operands are packed into panels of 4, which absorbs every transpose.
import { tileDouble } from "./tile-double.mjs";
import { tileSingle } from "./tile-single.mjs";

const TILE = 4;

/** Rows of A whose panels stay in the second-level cache while all of B passes by. */
const BLOCK = 64;

/** Below this many multiplications packing costs more than it saves. */
const WORTH_PACKING = 2048;

/** The fastest of the tiles tried: up to 4 × 4, in doubles or floats, on panels of either. */
export const tiledGemm = createTiledGemm(tileDouble, Float64Array);

/** The same with float32 arithmetic throughout. */
export const tiledSingleGemm = createTiledGemm(tileSingle, Float32Array);

/** C ← op(A)·op(B) with C m × n, op(A) m × k, op(B) k × n, all row-major Float32Arrays. */
function createTiledGemm(tile, Panel) {
  const edge = new Float32Array(TILE * TILE);
  let panelsOfA = new Panel(0);
  let panelsOfB = new Panel(0);

  return function gemm({ m, n, k, transposeA, transposeB }, a, b, c) {
    const rsa = transposeA ? 1 : k;
    const csa = transposeA ? m : 1;
    const rsb = transposeB ? 1 : n;
    const csb = transposeB ? k : 1;
    if (m < TILE || m * n * k < WORTH_PACKING) return rowByRow(m, n, k, a, rsa, csa, b, rsb, csb, c);

    if (panelsOfA.length < panelLength(m, k)) panelsOfA = new Panel(panelLength(m, k));
    if (panelsOfB.length < panelLength(n, k)) panelsOfB = new Panel(panelLength(n, k));
    pack(panelsOfA, a, m, k, rsa, csa);
    pack(panelsOfB, b, n, k, csb, rsb);
    for (let block = 0; block < m; block += BLOCK) {
      const end = Math.min(block + BLOCK, m);
      for (let j = 0; j < n; j += TILE) {
        for (let i = block; i < end; i += TILE) {
          if (i + TILE <= m && j + TILE <= n) {
            tile(k, panelsOfA, i * k, panelsOfB, j * k, c, i * n + j, n);
          } else {
            tile(k, panelsOfA, i * k, panelsOfB, j * k, edge, 0, TILE);
            copyEdge(edge, c, i, j, m, n);
          }
        }
      }
    }
  };
}

function panelLength(rows, k) {
  return Math.ceil(rows / TILE) * TILE * k;
}

/** Panel r / 4 holds rows r … r + 3 side by side for every p < k; rows that do not exist are zero. */
function pack(panels, from, rows, k, rowStride, stride) {
  let to = 0;
  for (let r = 0; r < rows; r += TILE) {
    if (r + TILE <= rows) {
      const r0 = r * rowStride;
      const r1 = r0 + rowStride;
      const r2 = r1 + rowStride;
      const r3 = r2 + rowStride;
      for (let p = 0; p < k * stride; p += stride, to += TILE) {
        panels[to] = from[r0 + p];
        panels[to + 1] = from[r1 + p];
        panels[to + 2] = from[r2 + p];
        panels[to + 3] = from[r3 + p];
      }
    } else {
      for (let p = 0; p < k; p++) {
        for (let x = r; x < r + TILE; x++) panels[to++] = x < rows ? from[x * rowStride + p * stride] : 0;
      }
    }
  }
}

function copyEdge(edge, c, i, j, m, n) {
  const rows = Math.min(TILE, m - i);
  const columns = Math.min(TILE, n - j);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) c[(i + y) * n + j + x] = edge[y * TILE + x];
  }
}

/** Small products, read in place: four columns of one row of C at a time. */
function rowByRow(m, n, k, a, rsa, csa, b, rsb, csb, c) {
  for (let i = 0; i < m; i++) {
    let j = 0;
    for (; j + TILE <= n; j += TILE) {
      const j0 = j * csb;
      const j1 = j0 + csb;
      const j2 = j1 + csb;
      const j3 = j2 + csb;
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let p = 0, from = i * rsa, at = 0; p < k; p++, from += csa, at += rsb) {
        const factor = a[from];
        sum0 += factor * b[at + j0];
        sum1 += factor * b[at + j1];
        sum2 += factor * b[at + j2];
        sum3 += factor * b[at + j3];
      }
      c[i * n + j] = sum0;
      c[i * n + j + 1] = sum1;
      c[i * n + j + 2] = sum2;
      c[i * n + j + 3] = sum3;
    }
    for (; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * rsa + p * csa] * b[p * rsb + j * csb];
      c[i * n + j] = sum;
    }
  }
}
