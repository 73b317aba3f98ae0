/**
 * Files in Node that are never broken: a process that is killed while it writes leaves the old one or the new one.
 *
 * @module lanegrad/node
 */
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { checkBytes, typeError } from "./validate.js";

/**
 * Writes a file in one piece: under another name in the same folder, flushed to the disk, and renamed. Whatever happens,
 * `path` then holds all of the old bytes or all of the new ones, also where several processes write it at once. What killed
 * processes left under other names is cleared up.
 *
 * @param path of the file, in a folder that exists
 * @param bytes all of its contents
 * @throws TypeError, and the errors of node:fs, with the old file kept
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  if (typeof path !== "string") throw typeError("path", "a string", path);
  checkBytes("bytes", bytes);
  const target = resolve(path);
  await clearUp(target);
  // A name of its own for each write: no two can mix in one file.
  const temporary = `${target}.${process.pid}-${crypto.randomUUID()}.tmp`;
  try {
    await writeFlushed(temporary, bytes);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  // The new name is on the disk once the folder is, which Windows does by itself.
  if (process.platform !== "win32") await flushFolder(dirname(target));
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes what processes that are gone left of their writes to `target`. */
async function clearUp(target: string): Promise<void> {
  const folder = dirname(target);
  const prefix = `${basename(target)}.`;
  for (const name of await readdir(folder)) {
    const [, writer] = (name.startsWith(prefix) && /^(\d+)-[\da-f-]{36}\.tmp$/.exec(name.slice(prefix.length))) || [];
    if (writer === undefined) continue;
    const path = join(folder, name);
    if (await isGone(Number(writer), path)) await rm(path, { force: true });
  }
}

/** Whether the writer of a file has ended; one with the number of this process, if the file is older than this process. */
async function isGone(writer: number, path: string): Promise<boolean> {
  if (writer === process.pid) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    return mtimeMs < Date.now() - 1000 * process.uptime();
  }
  try {
    process.kill(writer, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ESRCH";
  }
}
