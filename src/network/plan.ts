// The plan: topology and batch size → the place of every number, computed before the first step. Pure.
import { align } from "../engine/arena.js";
import { bytesOf, type DType } from "../engine/dtype.js";
import type { Kernels } from "../engine/kernels.js";
import type { DenseSpec, LayerSpec, Source, Topology } from "./topology.js";

/** A weight or bias, placed in the parameter block; its gradient has the same place in the gradient block. */
export interface Tensor {
  readonly name: string;
  /** Index of its layer in the topology. */
  readonly layer: number;
  readonly kind: "weight" | "bias";
  readonly shape: readonly number[];
  readonly length: number;
  /** Bytes from the start of the block. */
  readonly offset: number;
}

export interface ParameterPlan {
  readonly tensors: readonly Tensor[];
  /** By layer of the topology: the offsets of its weight and bias; undefined where it has none. */
  readonly weights: readonly (number | undefined)[];
  readonly biases: readonly (number | undefined)[];
  /** Elements of the block, the zeros between tensors included: one update call serves them all. */
  readonly length: number;
  readonly bytes: number;
}

/** Byte offsets, from the start of the activation block, of what one layer leaves behind for each row. */
export interface LayerPlace {
  /** [batch × outputs]; the same as `a` where f is the identity, and of layers that are not dense */
  readonly z: number;
  /** [batch × outputs] */
  readonly a: number;
  /** [batch × outputs]: ∂C/∂a, then ∂C/∂z */
  readonly delta: number;
}

/** Consecutive layers, from `first` to the one before `end`. */
export interface Segment {
  readonly first: number;
  readonly end: number;
}

export interface ActivationPlan {
  readonly batch: number;
  readonly input: number;
  readonly target: number;
  /** ∂C/∂input, where it is wanted */
  readonly inputDelta: number | undefined;
  readonly layers: readonly LayerPlace[];
  /** The backward pass takes them from the last to the first. */
  readonly segments: readonly Segment[];
  /** By layer: whether its place is its own. The others share theirs with layers of other segments, and are computed again. */
  readonly isKept: readonly boolean[];
  readonly bytes: number;
  readonly workspaceBytes: number;
}

/** All tensors in one block, layer by layer, weight before bias, each at a cache line's start. */
export function planParameters(topology: Topology, dtype: DType): ParameterPlan {
  const tensors: Tensor[] = [];
  const offsets = { weight: [] as number[], bias: [] as number[] };
  let bytes = 0;
  for (const [layer, spec] of topology.layers.entries()) {
    if (spec.kind !== "dense") continue;
    for (const { kind, shape } of tensorsOf(spec)) {
      const length = shape.reduce((product, size) => product * size, 1);
      tensors.push({ name: `${spec.name}.${kind}`, layer, kind, shape, length, offset: bytes });
      offsets[kind][layer] = bytes;
      bytes += align(length * bytesOf(dtype));
    }
  }
  return { tensors, weights: offsets.weight, biases: offsets.bias, length: bytes / bytesOf(dtype), bytes };
}

function tensorsOf(spec: DenseSpec): Pick<Tensor, "kind" | "shape">[] {
  const weight = { kind: "weight", shape: [spec.outputs, spec.inputs] } as const;
  return spec.bias ? [weight, { kind: "bias", shape: [spec.outputs] }] : [weight];
}

/**
 * The regions of one forward and backward pass over `batch` rows, and the workspace of its products.
 *
 * With several segments only the layers that later segments read keep their place: the others of all segments share one slot.
 */
export function planActivations(
  topology: Topology,
  batch: number,
  dtype: DType,
  segmentCount: number,
  wantsInputDelta: boolean,
  kernels: Pick<Kernels, "workspaceBytes">,
): ActivationPlan {
  const segments = segmentsOf(topology.layers.length, segmentCount);
  const readers = lastReaders(topology);
  const isKept = segments.flatMap(({ first, end }) => {
    const own = topology.layers.slice(first, end);
    // No layer reads the last one, which the loss does.
    return own.map((_, index) => segments.length === 1 || (readers.get(first + index) ?? end) >= end);
  });
  let bytes = 0;
  const place = (width: number): number => {
    const offset = bytes;
    bytes += align(batch * width * bytesOf(dtype));
    return offset;
  };
  const input = place(topology.inputs);
  const target = place(topology.outputs);
  const inputDelta = wantsInputDelta ? place(topology.inputs) : undefined;
  const layers: LayerPlace[] = [];
  const placeLayers = ({ first, end }: Segment, kept: boolean) => {
    for (let layer = first; layer < end; layer++) {
      if (isKept[layer] === kept) layers[layer] = placeLayer(topology.layers[layer] as LayerSpec, place);
    }
  };
  for (const segment of segments) placeLayers(segment, true);
  const slot = bytes;
  let end = slot;
  for (const segment of segments) {
    bytes = slot;
    placeLayers(segment, false);
    end = Math.max(end, bytes);
  }
  const workspaceBytes = align(Math.max(...topology.layers.map((spec) => workspaceOf(spec, batch, kernels))));
  return { batch, input, target, inputDelta, layers, segments, isKept, bytes: end, workspaceBytes };
}

/** By source: the last layer that reads it, in training or where dropout does not act. */
function lastReaders({ layers }: Topology): Map<Source, number> {
  const readers = new Map<Source, number>();
  const belowDropout = new Map<Source, Source>();
  for (const [layer, { kind, from }] of layers.entries()) {
    for (const { source } of from) {
      const below = belowDropout.get(source) ?? source;
      if (kind === "dropout") belowDropout.set(layer, below);
      readers.set(source, layer).set(below, layer);
    }
  }
  return readers;
}

/** So many segments of as equal length as can be. */
function segmentsOf(layers: number, count: number): Segment[] {
  const border = (index: number) => Math.round((index * layers) / count);
  return Array.from({ length: count }, (_, index) => ({ first: border(index), end: border(index + 1) }));
}

function placeLayer(spec: LayerSpec, place: (width: number) => number): LayerPlace {
  const a = place(spec.outputs);
  const hasOwnZ = spec.kind === "dense" && spec.activation.name !== "identity";
  const z = hasOwnZ ? place(spec.outputs) : a;
  return { z, a, delta: place(spec.outputs) };
}

function workspaceOf(spec: LayerSpec, batch: number, kernels: Pick<Kernels, "workspaceBytes">): number {
  if (spec.kind !== "dense") return 0;
  const { inputs, outputs } = spec;
  return Math.max(
    kernels.workspaceBytes(batch, outputs, inputs),
    kernels.workspaceBytes(batch, inputs, outputs),
    kernels.workspaceBytes(outputs, inputs, batch),
  );
}
