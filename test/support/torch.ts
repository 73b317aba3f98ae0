// Debian's PyTorch on this machine, for the tests that ask it.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

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
