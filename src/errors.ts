// The errors that lanegrad throws beside RangeError and TypeError.

/** An array, matrix or tensor has another size than its place asks for. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/**
 * A NaN or an infinity appeared in training. The update of the step was not applied; where a parameter or the optimizer's state
 * is at fault, it was so before.
 */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";

  /**
   * @param step the training step that could not be made, counted from 1 over the life of the network
   * @param layer index of the layer among the network's layers; −1 where no layer is at fault (inputs, targets, loss)
   * @param tensor what holds the number, such as "inputs", "targets", "loss", "z", "0.weight", "0.weight gradient" or
   *   "0.weight optimizer state"
   */
  constructor(
    readonly step: number,
    readonly layer: number,
    readonly tensor: string,
  ) {
    const place = layer < 0 ? tensor : `${tensor} of layer ${layer}`;
    const isOlder = /\.(weight|bias)( optimizer state)?$/.test(tensor);
    const when = isOlder
      ? `before step ${step}: the last update, or setParameters, left it`
      : `at step ${step}; its update was not applied`;
    super(`NaN or infinity in ${place} ${when}`);
  }
}

/** The arena cannot grow far enough. The engine stays usable. */
export class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";

  /**
   * @param asked bytes
   * @param available bytes that could still have been had in one piece
   */
  constructor(
    readonly asked: number,
    readonly available: number,
  ) {
    super(`out of memory: asked for ${asked} bytes, ${available} available`);
  }
}

/** The host lacks something that the kernels need. */
export class UnsupportedHostError extends Error {
  override readonly name = "UnsupportedHostError";

  /** @param feature what is missing */
  constructor(readonly feature: string) {
    super(`this host has no ${feature}`);
  }
}

/** A network or matrix was used after its memory was given back. */
export class DisposedError extends Error {
  override readonly name = "DisposedError";

  constructor(what: string) {
    super(`this ${what} was disposed`);
  }
}

/**
 * A thread ended in the middle of a call, whose results are lost. An engine goes on after its threads; a `Trainer` ends with its
 * worker.
 */
export class WorkerError extends Error {
  override readonly name = "WorkerError";

  constructor(message = "a thread of the engine's died in the middle of a call; the engine goes on with new threads") {
    super(message);
  }
}

/** A file is not what it should be. */
export class FormatError extends Error {
  override readonly name = "FormatError";

  /** @param place the byte, the tensor or the key at fault */
  constructor(
    readonly place: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${place || '""'}: ${problem}`, options);
  }
}
