// Types of idx.mjs.
export interface Split {
  /** `[count, 784]`, in [0, 1]. */
  images: Float32Array;
  labels: Uint8Array;
}

export function loadMnist(): { train: Split; test: Split };
