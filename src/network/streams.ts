// The uses of a network's seed: each draws from a stream of its own, so that none disturbs another.

/** First values of the tensor with this index. */
export function tensorStream(index: number): number {
  return index;
}

/** The masks of the dropout layer with this index. */
export function dropoutStream(layer: number): number {
  return 0x40000000 + layer;
}

/** The order of the rows in an epoch. */
export const ORDER_STREAM = 0x80000000;

/** The sample of parameters that a gradient check looks at. */
export const SAMPLE_STREAM = 0x80000001;

/** Which rows are put aside for a test, once or in folds. */
export const FOLD_STREAM = 0x80000002;
