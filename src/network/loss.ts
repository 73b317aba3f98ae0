// Losses by name: which kernel computes them, how they are averaged, and what the outputs mean under them.
import { ElementwiseLoss } from "../../assembly/codes.js";
import { checkName, checkOptions, checkPositive, checkShare } from "../validate.js";
import { type ActivationSpec, parseActivation } from "./activation.js";

/**
 * The losses of outputs y and targets t, as `Network.create` takes them:
 *
 * - `meanSquaredError`: (y − t)², the mean over rows and outputs
 * - `halfSquaredError`: ½(y − t)², summed over the outputs, the mean over the rows
 * - `meanAbsoluteError`: |y − t|, the mean over rows and outputs
 * - `huber`: ½(y − t)² where |y − t| ≤ δ, δ(|y − t| − ½δ) beyond, the mean over rows and outputs (Huber 1964)
 * - `binaryCrossEntropy`: −t·log p − (1 − t)·log(1 − p), p = σ(y), the mean over rows and outputs
 * - `softmaxCrossEntropy`: −Σ t·log p over the outputs, p = softmax(y), the mean over the rows
 */
export type LossName =
  | "meanSquaredError"
  | "halfSquaredError"
  | "meanAbsoluteError"
  | "huber"
  | "binaryCrossEntropy"
  | "softmaxCrossEntropy";

/** A name, or a name with its parameters. */
export type Loss =
  | LossName
  | {
      type: "meanSquaredError" | "halfSquaredError" | "meanAbsoluteError";
      /** "mean" by default. */
      reduction?: Reduction;
    }
  | {
      type: "huber";
      /** δ > 0, in the targets' unit; 1 by default. */
      delta?: number;
      /** "mean" by default. */
      reduction?: Reduction;
    }
  | {
      type: "binaryCrossEntropy";
      /** Whether the outputs are y ("logits", the default) or p, of a last layer with a sigmoid; a log counts as −100 at least. */
      from?: "logits" | "probabilities";
      /** "mean" by default. */
      reduction?: Reduction;
    }
  | {
      type: "softmaxCrossEntropy";
      /** 0 ≤ s < 1, 0 by default: over K classes (1 − s)·t + s / K takes the place of t (Szegedy and others 2016). */
      labelSmoothing?: number;
      /** "mean" by default. */
      reduction?: Reduction;
    };

/** "mean" (default) averages as each loss says; "sum" adds up and divides by nothing. */
export type Reduction = "mean" | "sum";

/** A validated loss. */
export interface LossSpec {
  readonly name: LossName;
  readonly reduction: Reduction;
  /** The elementwise kernel; undefined for softmaxCrossEntropy, which works on rows. */
  readonly code: ElementwiseLoss | undefined;
  /** The kernel's parameter: Huber's threshold, or label smoothing. */
  readonly parameter: number;
  /** What `predict` applies to the outputs of `forward`: softmax or sigmoid behind a loss from logits. */
  readonly link: ActivationSpec;
  /** How right outputs are counted, where the loss is one of classification. */
  readonly accuracy: "largest" | { readonly above: number } | undefined;
}

const NAMES: readonly LossName[] = [
  "meanSquaredError",
  "halfSquaredError",
  "meanAbsoluteError",
  "huber",
  "binaryCrossEntropy",
  "softmaxCrossEntropy",
];

/** The parameters of each loss, beside type and reduction. */
const OPTIONS: Partial<Record<LossName, string>> = {
  huber: "delta",
  binaryCrossEntropy: "from",
  softmaxCrossEntropy: "labelSmoothing",
};

/** @throws TypeError, RangeError */
export function parseLoss(loss: unknown): LossSpec {
  const isObject = typeof loss === "object" && loss !== null;
  const options = (isObject ? loss : { type: loss }) as Record<string, unknown>;
  const name = checkName(isObject ? "loss.type" : "loss", options.type, NAMES);
  const own = OPTIONS[name];
  checkOptions("loss", options, own === undefined ? ["type", "reduction"] : ["type", "reduction", own]);
  const reduction = checkName("loss.reduction", options.reduction ?? "mean", ["mean", "sum"]);
  const identity = parseActivation("link", "identity");
  const plain = { name, reduction, parameter: 0, link: identity, accuracy: undefined };
  switch (name) {
    case "meanSquaredError":
    case "halfSquaredError":
      return { ...plain, code: ElementwiseLoss.squared };
    case "meanAbsoluteError":
      return { ...plain, code: ElementwiseLoss.absolute };
    case "huber":
      return { ...plain, code: ElementwiseLoss.huber, parameter: checkPositive("loss.delta", options.delta ?? 1) };
    case "binaryCrossEntropy": {
      const from = checkName("loss.from", options.from ?? "logits", ["logits", "probabilities"]);
      if (from === "probabilities") {
        return { ...plain, code: ElementwiseLoss.logisticOfProbability, accuracy: { above: 0.5 } };
      }
      const link = parseActivation("link", "sigmoid");
      return { ...plain, code: ElementwiseLoss.logistic, link, accuracy: { above: 0 } };
    }
    case "softmaxCrossEntropy":
      return {
        ...plain,
        code: undefined,
        parameter: checkShare("loss.labelSmoothing", options.labelSmoothing ?? 0),
        link: parseActivation("link", "softmax"),
        accuracy: "largest",
      };
  }
}

/** The factor of the summed loss over `rows` rows of `outputs` outputs. */
export function scaleOf(loss: LossSpec, rows: number, outputs: number): number {
  const half = loss.name === "halfSquaredError" ? 0.5 : 1;
  if (loss.reduction === "sum") return half;
  const perRow = loss.name === "halfSquaredError" || loss.name === "softmaxCrossEntropy";
  return half / (perRow ? rows : rows * outputs);
}
