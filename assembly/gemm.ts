// C ← α·A·B + β·C for any strides: five loops around the micro-kernel, and what is fused behind the product.
import { applyActivation, applyDerivative } from "./activation";
import {
  blockBytes,
  columnsOfBlock,
  depthOfPanel,
  MR,
  NR,
  prefersDots,
  prefersRows,
  repaysPackingA,
  repaysPackingB,
  rowsOfBlock,
  tileBytes,
} from "./blocking";
import { Activation } from "./codes";
import { rowByRow } from "./direct";
import { rowsByRows } from "./dot";
import { at } from "./lanes";
import { microkernel } from "./microkernel";
import { packPanels } from "./pack";

/** What happens to a block of C once its product is complete, while the block is in cache. */
export enum Epilogue {
  None,
  /** z ← C + bias, a ← f(z) */
  Activation,
  /** C ← f′(z) ⊙ C */
  Derivative,
}

/**
 * C[m × n] ← α · A[m × k] · B[k × n] + β · C. Element (i, j) of X stands at x + i·rsx + j·csx, strides in elements. β = 0
 * never reads C. m, n, k ≥ 1.
 *
 * @param workspace workspaceBytes<T>(m, n, k) bytes
 */
// biome-ignore format: operands with their strides, one a line
export function gemm<T>(
  m: i32, n: i32, k: i32,
  a: usize, rsa: i32, csa: i32,
  b: usize, rsb: i32, csb: i32,
  c: usize, rsc: i32, csc: i32,
  alpha: T, beta: T,
  workspace: usize,
): void {
  product<T>(
    m, n, k, a, rsa, csa, b, rsb, csb, c, rsc, csc, alpha, beta, workspace, Epilogue.None, 0, <T>0, 0, 0, 0,
  );
}

/**
 * gemm, then the epilogue on every finished block of C.
 *
 * Rows of A by rows of B, with few rows of A, are dot products; small products with rows of B go row by row; everything else
 * is blocked.
 *
 * @param bias of Epilogue.Activation: n elements, or 0 for none
 * @param z of Epilogue.Derivative: the layer's z, row-major with C's strides
 * @param activated of both epilogues: the layer's a = f(z), row-major with C's strides
 */
// biome-ignore format: operands with their strides, one a line
export function product<T>(
  m: i32, n: i32, k: i32,
  a: usize, rsa: i32, csa: i32,
  b: usize, rsb: i32, csb: i32,
  c: usize, rsc: i32, csc: i32,
  alpha: T, beta: T,
  workspace: usize,
  epilogue: Epilogue, activation: Activation, slope: T, bias: usize, z: usize, activated: usize,
): void {
  assert(m > 0 && n > 0 && k > 0);
  assert(workspace % 16 == 0);
  if (csa == 1 && rsb == 1 && csc == 1 && prefersDots(m, k)) {
    rowsByRows<T>(m, n, k, a, rsa, b, csb, c, rsc, alpha, beta);
    finish<T>(epilogue, activation, slope, m, n, rsc, c, bias, z, activated);
    return;
  }
  if (csb == 1 && csc == 1 && alpha == <T>1 && beta == <T>0 && prefersRows<T>(m, n, k)) {
    rowByRow<T>(m, n, k, a, rsa, csa, b, rsb, c, rsc);
    finish<T>(epilogue, activation, slope, m, n, rsc, c, bias, z, activated);
    return;
  }

  const nr = NR<T>();
  const nc = columnsOfBlock<T>(n);
  const kc = depthOfPanel(k);
  const mc = rowsOfBlock(m);
  const packsA = csa != 1 || repaysPackingA(n);
  const packsB = csb != 1 || repaysPackingB(m, at<T>(rsb));
  const tile = workspace;
  const panelsA = tile + tileBytes<T>();
  const panelsB = panelsA + blockBytes<T>(m, k);

  // LOOP 5: columns of C and B
  for (let jc: i32 = 0; jc < n; jc += nc) {
    const columns = min(nc, n - jc);

    // LOOP 4: depth; from the second turn on, C is added to
    for (let pc: i32 = 0; pc < k; pc += kc) {
      const depth = min(kc, k - pc);
      const keep = pc == 0 ? beta : <T>1;
      const blockB = b + at<T>(pc * rsb + jc * csb);
      if (packsB) packPanels<T>(nr, columns, depth, blockB, at<T>(csb), at<T>(rsb), panelsB);

      // LOOP 3: rows of C and A
      for (let ic: i32 = 0; ic < m; ic += mc) {
        const rows = min(mc, m - ic);
        const blockA = a + at<T>(ic * rsa + pc * csa);
        const blockC = at<T>(ic * rsc + jc * csc);
        if (packsA) packPanels<T>(MR, rows, depth, blockA, at<T>(rsa), at<T>(csa), panelsA);

        // LOOP 2: panels of A; within one, loop 1 walks along rows of C, whose tiles share cache lines and pages
        for (let ir: i32 = 0; ir < rows; ir += MR) {
          const panelA = packsA ? panelsA + at<T>(ir * depth) : blockA + at<T>(ir * rsa);
          const tileRows = min(MR, rows - ir);

          // LOOP 1: panels of B
          for (let jr: i32 = 0; jr < columns; jr += nr) {
            const tileColumns = min(nr, columns - jr);
            const whole = tileRows == MR && tileColumns == nr && csc == 1;
            const target = c + blockC + at<T>(ir * rsc + jr * csc);
            microkernel<T>(
              packsA, tileRows, depth,
              panelA, at<T>(rsa),
              packsB ? panelsB + at<T>(jr * depth) : blockB + at<T>(jr),
              packsB ? at<T>(nr) : at<T>(rsb),
              whole ? target : tile, whole ? at<T>(rsc) : at<T>(nr),
              alpha, whole ? keep : <T>0,
            );
            if (!whole) mergeTile<T>(tileRows, tileColumns, tile, target, rsc, csc, keep);
          }
        }

        if (pc + depth < k) continue;
        finish<T>(
          epilogue, activation, slope, rows, columns, rsc,
          c + blockC, bias ? bias + at<T>(jc) : 0, z + blockC, activated + blockC,
        );
      }
    }
  }
}

/** The epilogue on a block of C whose product is complete. */
function finish<T>(
  epilogue: Epilogue,
  activation: Activation,
  slope: T,
  rows: i32,
  columns: i32,
  stride: i32,
  c: usize,
  bias: usize,
  z: usize,
  activated: usize,
): void {
  if (epilogue == Epilogue.Activation) {
    applyActivation<T>(activation, slope, rows, columns, stride, c, bias, activated);
  } else if (epilogue == Epilogue.Derivative) {
    applyDerivative<T>(activation, slope, rows, columns, stride, z, activated, c);
  }
}

/** C[rows × columns] ← tile + β · C at the edges, and where the columns of C are no neighbours. */
function mergeTile<T>(rows: i32, columns: i32, tile: usize, c: usize, rsc: i32, csc: i32, beta: T): void {
  for (let i: i32 = 0; i < rows; i++) {
    for (let j: i32 = 0; j < columns; j++) {
      const target = c + at<T>(i * rsc + j * csc);
      const value = load<T>(tile + at<T>(i * NR<T>() + j));
      store<T>(target, beta == <T>0 ? value : value + beta * load<T>(target));
    }
  }
}
