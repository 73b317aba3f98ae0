// Orders: the integers below a length, shuffled by the kernel that draws from a seed's streams.
import type { Engine } from "./engine.js";

/** Fills `order` with the integers below its length, in the order that seed, stream and step stand for. */
export function fillOrder(engine: Engine, order: Uint32Array, seed: number, stream: number, step: number): void {
  const { arena } = engine;
  const address = arena.allocate(order.byteLength);
  const first = address / 4;
  const memory = arena.integers;
  for (let index = 0; index < order.length; index++) memory[first + index] = index;
  engine.shuffle(order.length, address, seed, stream, step);
  order.set(memory.subarray(first, first + order.length));
  arena.free(address);
}
