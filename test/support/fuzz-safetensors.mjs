// A worker of test/fuzz.test.ts: reads mutated files with the built package. Each file follows from its seed alone.
import { parentPort, workerData } from "node:worker_threads";
import {
  adam,
  add,
  concatenate,
  dense,
  dropout,
  Engine,
  FormatError,
  graph,
  Network,
  OutOfMemoryError,
  Standardization,
} from "../../dist/index.js";

/** @type {{ first: number, count: number, progress: Int32Array }} */
const { first, count, progress } = workerData;

/** Bytes: what the networks of these files need at most, so that asking for more is an OutOfMemoryError. */
const engine = await Engine.create({ maximumMemory: 2 ** 20 });

/** mulberry32 by Tommy Ettinger */
function randomOf(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { below, pick: (list) => list[below(list.length)] };
}

const chain = {
  inputs: 3,
  layers: [dense(4, { type: "leakyRelu", alpha: 0.2 }), dropout(0.3), dense(2)],
  loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 },
  seed: 7,
};

async function fileOf(options, write) {
  const net = await Network.create({ ...options, engine });
  net.trainBatch([1, 2, 3], [1], adam({ learningRate: 0.01 }));
  const file = write(net);
  net.dispose();
  return file;
}

const standardization = new Standardization([1, 2, 3], [4, 5, 6]);
const junctions = graph({
  inputs: { left: 2, right: 1 },
  nodes: {
    a: [dense(2, "tanh"), "left"],
    sum: [add(), "a", "left"],
    all: [concatenate(), "sum", "right"],
    y: [dense(2), "all"],
  },
  outputs: ["y", "sum"],
});
const weights = (net) => net.toSafetensors();
const restore = (file) => Network.restore(file, { engine });
const own = (file) => Network.fromSafetensors(file, { engine });

/** What is mutated, and how it is read. */
const BASES = [
  { file: await fileOf(chain, weights), read: own },
  { file: await fileOf({ ...chain, dtype: "float64", standardization }, weights), read: own },
  { file: await fileOf({ graph: junctions, loss: "meanSquaredError" }, weights), read: own },
  { file: await fileOf(chain, weights), read: (file) => Network.fromSafetensors(file, { ...chain, engine }) },
  { file: await fileOf(chain, (net) => net.checkpoint()), read: restore },
];

const NUMBERS = [0, -0, -1, 1, 2, 3, 7, 255, 65536, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, 0.5];
const TEXTS = [
  "",
  "__proto__",
  "constructor",
  "toString",
  "prototype",
  "F16",
  "F64",
  "0.weight",
  "relu",
  "dense",
  "é",
  "\ud800",
];
/** Stands for a deep value, which JSON.stringify would take long for, in texts within texts too. */
const DEEP = "deep";
const deepText = "[".repeat(1e4) + "]".repeat(1e4);

function newValue({ below, pick }) {
  const kinds = [
    () => pick(NUMBERS),
    () => pick(TEXTS),
    () => pick([null, true, false, [], {}, [[]]]),
    () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
    () => ({ number: pick(["NaN", "Infinity", "-0", "x"]) }),
    () => DEEP,
  ];
  return kinds[below(kinds.length)]();
}

/** One change somewhere in a value of JSON. */
function mutate(value, random) {
  const { below, pick } = random;
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (keys.length === 0 || below(6) === 0) return newValue(random);
  const key = pick(keys);
  if (Array.isArray(value)) {
    const copy = [...value];
    copy.splice(Number(key), below(2), ...(below(4) === 0 ? [] : [mutate(value[key], random)]));
    return copy;
  }
  // Entries, as an assignment to __proto__ would set the prototype.
  const entries = Object.entries(value).flatMap((entry) => {
    if (entry[0] !== key) return [entry];
    const kind = below(8);
    if (kind === 0) return [];
    if (kind === 1) return [[pick(TEXTS), entry[1]]];
    if (kind === 2) return [entry, [pick(TEXTS), entry[1]]];
    return [[key, mutate(entry[1], random)]];
  });
  return Object.fromEntries(entries);
}

/** Metadata are texts that hold JSON once more. */
function mutateHeader(header, random) {
  const name = random.pick(["network", "network", "training", undefined, undefined, undefined]);
  const text = header.__metadata__?.[name];
  if (text === undefined) return mutate(header, random);
  const changed = JSON.stringify(mutate(JSON.parse(text), random));
  return { ...header, __metadata__: { ...header.__metadata__, [name]: changed } };
}

function withHeader(file, change) {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = change(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))));
  const text = new TextEncoder().encode(JSON.stringify(header).replace(/\\?"deep\\?"/, deepText));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true);
  return Buffer.concat([prefix, text, file.subarray(8 + length)]);
}

const MUTATIONS = [
  function bits(file, { below }) {
    const copy = file.slice();
    for (let flips = 1 + below(4); flips > 0; flips--) copy[below(copy.length)] ^= 1 << below(8);
    return copy;
  },
  function cut(file, { below }) {
    return file.slice(0, below(file.length));
  },
  function splice(file, { below }) {
    const [from, at] = [below(file.length), below(file.length)];
    const part = file.subarray(from, from + below(64));
    return Buffer.concat([file.subarray(0, at), part, file.subarray(at + below(64))]);
  },
  function length(file, { below, pick }) {
    const copy = file.slice();
    const lengths = [
      0,
      1,
      8,
      copy.length - 9,
      copy.length - 8,
      copy.length,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      below(copy.length),
    ];
    new DataView(copy.buffer).setBigUint64(0, BigInt(pick(lengths)) | (below(9) === 0 ? 1n << 63n : 0n), true);
    return copy;
  },
  function header(file, random) {
    return withHeader(file, (header) => mutateHeader(header, random));
  },
  function headers(file, random) {
    return withHeader(file, (header) => mutate(mutateHeader(header, random), random));
  },
  function other(file, { below, pick }) {
    const { file: tail } = pick(BASES);
    return Buffer.concat([file.subarray(0, below(file.length)), tail.subarray(below(tail.length))]);
  },
];

/** Bytes of buffers that were made since it was set to 0. */
let allocated = 0;

/** Counts every buffer that is made by a constructor or by `slice`. */
function countAllocations() {
  for (const name of ["ArrayBuffer", "SharedArrayBuffer", "Uint8Array", "Float32Array", "Float64Array"]) {
    globalThis[name] = new Proxy(globalThis[name], {
      construct(target, given, maker) {
        const made = Reflect.construct(target, given, maker === globalThis[name] ? target : maker);
        if (made.buffer === undefined || made.buffer !== given[0]) allocated += made.byteLength;
        return made;
      },
    });
  }
  const arrays = Object.getPrototypeOf(Int8Array.prototype);
  const { slice } = arrays;
  arrays.slice = function (...range) {
    const made = slice.apply(this, range);
    allocated += made.byteLength;
    return made;
  };
}

/** Everything that a key such as __proto__ could reach. */
function prototypes() {
  return [Object, Array, Function, String, Map].map((type) => Reflect.ownKeys(type.prototype).length).join();
}

countAllocations();
const clean = prototypes();
const failures = [];
const outcomes = { read: 0, refused: 0, places: new Set() };

/** @returns what is wrong */
async function findFault(seed) {
  const random = randomOf(seed);
  const { file: base, read } = BASES[seed % BASES.length];
  const file = new Uint8Array(random.pick(MUTATIONS)(base, random));
  allocated = 0;
  try {
    const net = await read(file);
    net.dispose();
    outcomes.read++;
  } catch (error) {
    // A checkpoint may have been taken with more rows in memory than there is room for here.
    const isRefusal = error instanceof FormatError || (read === restore && error instanceof OutOfMemoryError);
    if (!isRefusal) return String(error);
    if (error instanceof FormatError && !error.message.startsWith(`${error.place || '""'}: `))
      return `no place: ${error.message}`;
    outcomes.refused++;
    outcomes.places.add(error.place);
  }
  if (allocated > 2 * file.length) return `${allocated} bytes allocated for a file of ${file.length}`;
  if (prototypes() !== clean || "polluted" in {}) return "a prototype has changed";
  if (engine.memory.used > 0) return `${engine.memory.used} bytes are left in the arena`;
  return undefined;
}

for (let seed = first; seed < first + count && failures.length < 10; seed++) {
  Atomics.store(progress, 0, seed);
  const fault = await findFault(seed);
  if (fault !== undefined) failures.push({ seed, fault });
}
parentPort.postMessage({ ...outcomes, places: outcomes.places.size, failures });
