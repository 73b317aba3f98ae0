// Files that are written in one piece: a process that is killed at any moment leaves the old one or the new one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../src/format/safetensors.js";
import { Network } from "../src/index.js";
import { writeFileAtomically } from "../src/node.js";
import { randomNumbers } from "./support/matrices.js";

const WRITER = fileURLToPath(new URL("support/checkpoint-writer.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lanegrad-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function emptyFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** A number that no running process has: the largest that Linux gives is smaller. */
const NOBODY = 2 ** 30;

function leftover(path: string, writer: number): string {
  const name = `${path}.${writer}-${crypto.randomUUID()}.tmp`;
  writeFileSync(name, "half");
  return name;
}

const KILLS = 200;
/** So many processes write at a time, each to a file of its own. */
const LANES = 2;
/** Milliseconds: enough for some files, on a slow disk for one. */
const LONGEST_LIFE = 60;

/** Starts a writer and kills it so many milliseconds after it is ready to write. */
async function killWriter(path: string, after: number): Promise<void> {
  const writer = spawn(process.execPath, [WRITER, path], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(writer, "exit");
  await Promise.race([once(writer.stdout, "data"), ended]);
  await new Promise((resolve) => setTimeout(resolve, after));
  writer.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
}

/** Training steps behind the checkpoint in a file; 0 where there is no file. */
function stepsIn(path: string): number {
  if (!existsSync(path)) return 0;
  return JSON.parse(readSafetensors(readFileSync(path)).metadata.get("training") as string).steps;
}

test(`${KILLS} kills of processes that write checkpoints leave whole ones, and no other files in the end`, async () => {
  let inMidWrite = 0;
  const lane = async (number: number) => {
    const own = emptyFolder(`lane${number}`);
    const path = join(own, "run.safetensors");
    let steps = 0;
    for (const moment of randomNumbers(KILLS / LANES, number)) {
      await killWriter(path, ((moment + 1) / 2) * LONGEST_LIFE);
      const now = stepsIn(path);
      expect(now).toBeGreaterThanOrEqual(steps);
      steps = now;
      if (readdirSync(own).length > 1) inMidWrite++;
    }
    expect(steps).toBeGreaterThan(0);
    const net = await Network.restore(readFileSync(path));
    await writeFileAtomically(path, net.checkpoint());
    expect(readdirSync(own)).toEqual(["run.safetensors"]);
    expect(stepsIn(path)).toBe(steps);
    net.dispose();
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  expect(inMidWrite).toBeGreaterThan(0);
}, 120_000);

describe("writeFileAtomically", () => {
  test("makes and replaces a file", async () => {
    const path = join(emptyFolder("replace"), "file");
    for (const bytes of [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(100_000).fill(7)]) {
      await writeFileAtomically(path, bytes.subarray(0));
      expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
    }
    expect(readdirSync(join(path, ".."))).toEqual(["file"]);
  });

  test("keeps many writers of one file apart", async () => {
    const path = join(emptyFolder("many"), "file");
    const contents = Array.from({ length: 20 }, (_, index) => new Uint8Array(50_000 + index).fill(index));
    await Promise.all(contents.map((bytes) => writeFileAtomically(path, bytes)));
    const last = new Uint8Array(readFileSync(path));
    expect(contents).toContainEqual(last);
    expect(readdirSync(join(path, ".."))).toEqual(["file"]);
  });

  test("clears up what ended processes left of this file, and nothing else", async () => {
    const own = emptyFolder("left");
    const path = join(own, "file");
    const old = leftover(path, process.pid);
    utimesSync(old, 1, 1);
    leftover(path, NOBODY);
    const kept = [leftover(path, process.pid), leftover(path, process.ppid), leftover(join(own, "other"), NOBODY)];
    for (const name of ["file.tmp", "file.1.tmp", `file.${NOBODY}-notes.txt`, `file.${NOBODY}.tmp`]) {
      writeFileSync(join(own, name), "");
      kept.push(join(own, name));
    }
    await writeFileAtomically(path, new Uint8Array(1));
    expect(readdirSync(own).sort()).toEqual([path, ...kept].map((name) => basename(name)).sort());
  });

  test("leaves the old file and nothing beside it where it fails", async () => {
    const own = emptyFolder("fails");
    const path = join(own, "folder");
    mkdirSync(join(path, "within"), { recursive: true });
    await expect(writeFileAtomically(path, new Uint8Array(1))).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(readdirSync(own)).toEqual(["folder"]);
    await expect(writeFileAtomically(join(own, "none", "file"), new Uint8Array(1))).rejects.toThrow("ENOENT");
  });

  test("checks its arguments", async () => {
    const write = writeFileAtomically as (...given: unknown[]) => Promise<void>;
    await expect(write(3, new Uint8Array(1))).rejects.toThrow(/^"path" expected a string, got 3$/);
    await expect(write("file", "text")).rejects.toThrow(/^"bytes" expected a Uint8Array, got "text"$/);
  });
});
