/**
 * Multilayer perceptrons in WebAssembly SIMD. Everything public, and nothing else.
 *
 * @module lanegrad
 */
import { serveIfWorker } from "./engine/workers.js";

export { gradCheck } from "./api/gradcheck.js";
export { type LayerState, Network, type NetworkMemory, type Parameter } from "./api/network.js";
export type { NetworkOptions } from "./api/network-options.js";
export type { GradCheckOptions } from "./differentiation/gradcheck.js";
export type {
  GradCheckEntry,
  GradCheckKink,
  GradCheckParameter,
  GradCheckReport,
} from "./differentiation/gradcheck-report.js";
export type { Jacobian, JacobianMode } from "./differentiation/jacobian.js";
export type { Kink } from "./differentiation/kinks.js";
export type { SampleGradients } from "./differentiation/persample.js";
export type { Direction, VectorJacobianProduct } from "./differentiation/products.js";
export type { BuildName } from "./engine/builds.js";
export type { DType, FloatArray } from "./engine/dtype.js";
export {
  Engine,
  type EngineMemory,
  type EngineOptions,
  type GemmOptions,
  type MatrixOptions,
} from "./engine/engine.js";
export { Matrix } from "./engine/matrix.js";
export {
  DisposedError,
  FormatError,
  NonFiniteError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedHostError,
  WorkerError,
} from "./errors.js";
export { accuracy, topKAccuracy } from "./metrics/accuracy.js";
export { type ClassAverages, type ConfusionMatrix, confusionMatrix } from "./metrics/confusion.js";
export { logLoss } from "./metrics/log-loss.js";
export type { MetricOptions, RowMajor } from "./metrics/pairs.js";
export {
  meanAbsoluteError,
  meanSquaredError,
  rootMeanSquaredError,
  rSquared,
} from "./metrics/regression.js";
export { rocAuc } from "./metrics/roc.js";
export type { Activation, ActivationName } from "./network/activation.js";
export { Graph, type GraphDefinition, graph } from "./network/graph.js";
export type { Initializer, InitializerName } from "./network/initializer.js";
export {
  add,
  concatenate,
  type DenseLayer,
  type DenseOptions,
  type DropoutLayer,
  dense,
  dropout,
  type Junction,
  type Layer,
} from "./network/layers.js";
export type { Loss, LossName, Reduction } from "./network/loss.js";
export type { Scaling } from "./network/scaling.js";
export {
  type CrossValidation,
  type CrossValidationOptions,
  type CrossValidationResult,
  crossValidate,
  type FoldRecord,
  type Grid,
  type NetworkMaker,
  type Setting,
} from "./selection/crossvalidation.js";
export { type Fold, type FoldOptions, kFold, type Split, type SplitOptions, split } from "./selection/folds.js";
export { Standardization, standardize } from "./selection/standardization.js";
export type { Part } from "./selection/table.js";
export type { Inputs, Rows, Targets } from "./training/batches.js";
export { type ConjugateGradientOptions, conjugateGradient } from "./training/conjugate-gradient.js";
export type { Evaluation } from "./training/evaluate.js";
export type { EarlyStopping, FitOptions } from "./training/fit-options.js";
export type { FullBatchOptimizer } from "./training/fullbatch.js";
export type { BatchRecord, EpochRecord, History, StopReason } from "./training/history.js";
export { type LbfgsOptions, lbfgs } from "./training/lbfgs.js";
export {
  type AdagradOptions,
  type AdamOptions,
  adagrad,
  adam,
  adamw,
  type Optimizer,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from "./training/optimizer.js";
export {
  cosineDecay,
  exponentialDecay,
  inverseTimeDecay,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  stepDecay,
} from "./training/schedule.js";

// This file may have been started as a worker of an engine's.
serveIfWorker();
