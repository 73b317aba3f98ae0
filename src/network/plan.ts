// The plan: topology and batch size → the place of every number, computed before the first step. Pure.
import { align } from "../engine/arena.js";
import { bytesOf, type DType } from "../engine/dtype.js";
import type { Kernels } from "../engine/kernels.js";
import type { DenseSpec, Topology } from "./topology.js";

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
  /** [batch × outputs]; of a dropout layer the same as `a` */
  readonly z: number;
  /** [batch × outputs] */
  readonly a: number;
  /** [batch × outputs]: ∂C/∂a, then ∂C/∂z */
  readonly delta: number;
}

export interface ActivationPlan {
  readonly batch: number;
  readonly input: number;
  readonly target: number;
  /** ∂C/∂input, where it is wanted */
  readonly inputDelta: number | undefined;
  readonly layers: readonly LayerPlace[];
  readonly bytes: number;
  readonly workspaceBytes: number;
}

/** All tensors in one block, layer by layer, weight before bias, each at a cache line's start. */
export function planParameters(topology: Topology, dtype: DType): ParameterPlan {
  const tensors: Tensor[] = [];
  let bytes = 0;
  for (const [layer, spec] of topology.layers.entries()) {
    if (spec.kind !== "dense") continue;
    for (const { kind, shape } of tensorsOf(spec)) {
      const length = shape.reduce((product, size) => product * size, 1);
      tensors.push({ name: `${spec.number}.${kind}`, layer, kind, shape, length, offset: bytes });
      bytes += align(length * bytesOf(dtype));
    }
  }
  const offsets = (kind: Tensor["kind"]) => {
    return topology.layers.map((_, layer) => tensors.find((t) => t.layer === layer && t.kind === kind)?.offset);
  };
  return { tensors, weights: offsets("weight"), biases: offsets("bias"), length: bytes / bytesOf(dtype), bytes };
}

function tensorsOf(spec: DenseSpec): Pick<Tensor, "kind" | "shape">[] {
  const weight = { kind: "weight", shape: [spec.outputs, spec.inputs] } as const;
  return spec.bias ? [weight, { kind: "bias", shape: [spec.outputs] }] : [weight];
}

/** The regions of one forward and backward pass over `batch` rows, and the workspace of its products. */
export function planActivations(
  topology: Topology,
  batch: number,
  dtype: DType,
  wantsInputDelta: boolean,
  kernels: Pick<Kernels, "workspaceBytes">,
): ActivationPlan {
  let bytes = 0;
  const place = (width: number): number => {
    const offset = bytes;
    bytes += align(batch * width * bytesOf(dtype));
    return offset;
  };
  const input = place(topology.inputs);
  const target = place(topology.outputs);
  const layers: LayerPlace[] = [];
  let workspaceBytes = 0;
  for (const spec of topology.layers) {
    const { inputs, outputs } = spec;
    const a = place(outputs);
    const hasOwnZ = spec.kind === "dense" && spec.activation.name !== "identity";
    const z = hasOwnZ ? place(outputs) : a;
    layers.push({ z, a, delta: place(outputs) });
    if (spec.kind === "dense") {
      workspaceBytes = Math.max(
        workspaceBytes,
        kernels.workspaceBytes(batch, outputs, inputs),
        kernels.workspaceBytes(batch, inputs, outputs),
        kernels.workspaceBytes(outputs, inputs, batch),
      );
    }
  }
  const inputDelta = wantsInputDelta ? place(topology.inputs) : undefined;
  return { batch, input, target, inputDelta, layers, bytes, workspaceBytes: align(workspaceBytes) };
}
