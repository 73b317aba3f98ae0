// The public gradient check. It is no method of the network, so that bundlers leave it out where it is not used.
import { checkGradient, type GradCheckOptions, parseGradCheck } from "../differentiation/gradcheck.js";
import type { GradCheckReport } from "../differentiation/gradcheck-report.js";
import type { Inputs, Targets } from "../training/batches.js";
import { typeError } from "../validate.js";
import { Network } from "./network.js";

/**
 * Checks the backward pass of a network, a chain or a graph, against numerical derivatives of its loss, on one batch.
 * `String(report)` shows the worst entries of each parameter. For a verdict to 1e-6 use a float64 network.
 *
 * Dropout acts, with one mask throughout. Where the difference of an entry would step across a kink (of relu, leakyRelu, elu and
 * selu at z = 0, of the absolute error at y = t, of Huber's loss at its threshold), smaller steps are tried, ε/8 and ε/64, down to
 * 1e-6 (1e-3 in float32); an entry that crosses a kink even so is not compared, but counted and listed with the kink. The two
 * sides are told apart by z and the errors alone, so that no wrong gradient passes for a kink.
 *
 * The parameters are left as they were, bit for bit, and so they are when an error is thrown; gradients and layers as `backward`
 * leaves them; `inputGradient` as it was. Each entry takes four forward passes, more at kinks.
 *
 * @param x `[rows, inputs]`
 * @param y `[rows, outputs]`, or the index of the right class for each row
 * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
 */
export function gradCheck(net: Network, x: Inputs, y: Targets, options: GradCheckOptions = {}): GradCheckReport {
  if (!(net instanceof Network)) throw typeError("net", "a Network", net);
  const settings = parseGradCheck(options, net.dtype);
  const { model, rows } = net.staged(x, y, settings.inputs);
  return checkGradient(model, rows, settings);
}
