// A process that imports a contender, trains 784-128-10 for one step, and ends. Its data costs next to nothing to make.
const { module, options } = JSON.parse(process.argv[2]);
const { open } = await import(`../contenders/${module}.mjs`);
const sizes = [784, 128, 10];
const batch = 32;
const weights = [waves(784 * 128), waves(128 * 10)];
const data = [{ x: waves(batch * 784), y: new Uint8Array(batch) }];
const contender = await open(options);
const training = await contender.training({ sizes, batch }, weights, data);
await training.step(0);
process.exit();

/** Numbers from −0.1 to 0.1. */
function waves(length) {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = ((i * 37) % 101) / 505 - 0.1;
  return values;
}
