// Who takes part: the module of each contender under contenders/, and its options.

export const CONTENDERS = [
  { name: "lanegrad", module: "lanegrad", options: {} },
  { name: "lanegrad simd", module: "lanegrad", options: { build: "simd" } },
  { name: "lanegrad, 2 threads", module: "lanegrad", options: { threads: 2 }, threads: 2 },
  { name: "PyTorch", module: "torch" },
  { name: "onnxruntime-web", module: "ort-web" },
  { name: "jax-js", module: "jax-js" },
  { name: "tfjs-wasm", module: "tfjs", options: { backend: "wasm" } },
  { name: "tfjs-cpu", module: "tfjs", options: { backend: "cpu" } },
  { name: "brain.js", module: "brain" },
  { name: "pure JS", module: "pure-js" },
];

export function isOwn({ module }) {
  return module === "lanegrad";
}
