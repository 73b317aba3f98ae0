// Debian's PyTorch on this machine, for the tests that ask it.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Debian's own, whatever other Python comes first on the path. */
const PYTHON = "/usr/bin/python3";

export function hasTorch(): boolean {
  try {
    execFileSync(PYTHON, ["-c", "import torch"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What PyTorch makes of one network. */
export interface TorchOutputs {
  /** With the weights of lanegrad's file. */
  loaded: number[];
  /** With weights of PyTorch's own. */
  fresh: number[];
}

/** Runs test/support/torch_models.py on a folder, which says what it does there. */
export function runTorch(folder: string): Record<string, TorchOutputs> {
  const script = fileURLToPath(new URL("torch_models.py", import.meta.url));
  return JSON.parse(execFileSync(PYTHON, [script, folder], { encoding: "utf8" }));
}

/** In the place of Python's package safetensors, which Debian does not have. */
const SAFETENSORS = `
import pathlib
import torch_models

def load_file(path):
    return torch_models.read(pathlib.Path(path))[0]

def save_file(tensors, path):
    torch_models.write(pathlib.Path(path), tensors)
`;

/** Runs a script in a folder by so many processes, as torchrun does; returns what all of them print. */
export async function runDistributed(folder: string, script: string, processes: number): Promise<string> {
  mkdirSync(join(folder, "safetensors"));
  writeFileSync(join(folder, "safetensors/torch.py"), SAFETENSORS);
  writeFileSync(join(folder, "train.py"), script);
  const env = {
    ...process.env,
    PYTHONPATH: fileURLToPath(new URL(".", import.meta.url)),
    PYTHONDONTWRITEBYTECODE: "1",
    MASTER_ADDR: "127.0.0.1",
    MASTER_PORT: String(await freePort()),
    WORLD_SIZE: String(processes),
  };
  const runs = Array.from({ length: processes }, (_, rank) =>
    promisify(execFile)(PYTHON, ["train.py"], { cwd: folder, env: { ...env, RANK: String(rank) }, timeout: 60_000 }),
  );
  return (await Promise.all(runs)).map(({ stdout }) => stdout).join("");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
