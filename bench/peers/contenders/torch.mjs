// Native PyTorch on one thread: native.py in a Python process, spoken to in JSON lines.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("native.py", import.meta.url));

/** How a Python process with PyTorch is started, on one thread. */
export const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
export const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

export async function open() {
  const python = spawn(PYTHON, [SCRIPT], {
    env: { ...process.env, ...ONE_THREAD },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let trouble = "";
  python.stderr.on("data", (data) => {
    trouble = `${trouble}${data}`.slice(-2000);
  });
  const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, reject) => {
    python.on("error", reject);
    python.on("close", () => reject(new Error(`python3: ${trouble.trim().split("\n").at(-1)}`)));
    python.stdin.on("error", () => {});
  });
  failed.catch(() => {});

  async function ask(command, values = {}) {
    python.stdin.write(`${JSON.stringify({ command, ...values })}\n`);
    const { value, done } = await Promise.race([answers.next(), failed]);
    if (done) return failed;
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }

  const time = (calls) => ask("time", { calls });
  const net = ({ sizes, batch }, weights) => ({ sizes, batch, weights: weights.map(encode) });

  return {
    about: await ask("about"),

    async product({ m, n, k, transposeA, transposeB }, a, b) {
      await ask("product", { m, n, k, transposeA, transposeB, a: encode(a), b: encode(b) });
      return { run: () => ask("run"), read: async () => decode(await ask("read")), time };
    },

    async training(workload, weights, batches) {
      const data = batches.map(({ x, y }) => ({ x: encode(x), y: [...y] }));
      await ask("training", { ...net(workload, weights), batches: data });
      return { step: (index) => ask("step", { index }), time };
    },

    async inference(workload, weights, x) {
      await ask("inference", { ...net(workload, weights), x: encode(x) });
      const run = async () => {
        await ask("run");
        return decode(await ask("read"));
      };
      return { run, time };
    },
  };
}

function encode(values) {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

function decode(text) {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
