// Errors on their way between threads: they keep class, fields and stack.
import { transferHandlers } from "comlink";
import {
  DisposedError,
  FormatError,
  NonFiniteError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedHostError,
  WorkerError,
} from "../index.js";

/** Those that arrive as what they were; others arrive as an Error with their name. */
const CLASSES = {
  DisposedError,
  FormatError,
  NonFiniteError,
  OutOfMemoryError,
  RangeError,
  ShapeError,
  SyntaxError,
  TypeError,
  UnsupportedHostError,
  WorkerError,
};

/** An error as plain data. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: SentError | undefined;
  readonly fields: object;
}

export function packError(error: Error): SentError {
  const { name, message, stack, cause } = error;
  return { name, message, stack, cause: cause instanceof Error ? packError(cause) : undefined, fields: { ...error } };
}

export function unpackError({ name, message, stack, cause, fields }: SentError): Error {
  const type = Object.hasOwn(CLASSES, name) ? CLASSES[name as keyof typeof CLASSES] : Error;
  const options = cause && { cause: unpackError(cause) };
  // Not by the class's own constructor, which makes the message from other arguments.
  const error: Error = Reflect.construct(Error, [message, options], type);
  Object.assign(error, error.name === name ? {} : { name }, fields);
  return Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
}

/** Makes comlink carry errors this way; it would make an Error of each. */
export function carryErrors(): void {
  const { canHandle } = transferHandlers.get("throw") as { canHandle(value: unknown): value is { value: unknown } };
  transferHandlers.set("throw", {
    canHandle,
    serialize: ({ value }: { value: unknown }) => [
      value instanceof Error ? { error: packError(value) } : { value },
      [],
    ],
    deserialize: ({ error, value }: { error?: SentError; value?: unknown }): never => {
      throw error === undefined ? value : unpackError(error);
    },
  });
}
