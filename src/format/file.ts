// Files that are never broken: a process that is killed while it writes leaves the old one or the new one.
import { nodeModule } from "../engine/host.js";
import { UnsupportedHostError } from "../errors.js";
import { typeError } from "../validate.js";

type Files = typeof import("node:fs/promises");
type Paths = typeof import("node:path");

/**
 * Writes a file in one piece, in Node: under another name in the same folder, flushed to the disk, and renamed. Whatever happens,
 * `path` then holds all of the old bytes or all of the new ones, also where several processes write it at once. What killed
 * processes left under other names is cleared up.
 *
 * @throws UnsupportedHostError where the host is not Node or alike
 * @throws TypeError, and the errors of node:fs, with the old file kept
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  if (typeof path !== "string") throw typeError("path", "a string", path);
  if (!(bytes instanceof Uint8Array)) throw typeError("bytes", "a Uint8Array", bytes);
  const files = nodeModule<Files>("fs/promises");
  const paths = nodeModule<Paths>("path");
  if (files === undefined || paths === undefined) throw new UnsupportedHostError("file system");
  const target = paths.resolve(path);
  await clearUp(files, paths, target);
  // A name of its own for each write: no two can mix in one file.
  const temporary = `${target}.${process.pid}-${crypto.randomUUID()}.tmp`;
  try {
    await writeFlushed(files, temporary, bytes);
    await files.rename(temporary, target);
  } catch (error) {
    await files.rm(temporary, { force: true });
    throw error;
  }
  // The new name is on the disk once the folder is, which Windows does by itself.
  if (process.platform !== "win32") await flushFolder(files, paths.dirname(target));
}

async function writeFlushed(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushFolder(files: Files, path: string): Promise<void> {
  const folder = await files.open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes what processes that are gone left of their writes to `target`. */
async function clearUp(files: Files, paths: Paths, target: string): Promise<void> {
  const folder = paths.dirname(target);
  const prefix = `${paths.basename(target)}.`;
  for (const name of await files.readdir(folder)) {
    const [, writer] = (name.startsWith(prefix) && /^(\d+)-[\da-f-]{36}\.tmp$/.exec(name.slice(prefix.length))) || [];
    if (writer === undefined) continue;
    const path = paths.join(folder, name);
    if (await isGone(files, Number(writer), path)) await files.rm(path, { force: true });
  }
}

/** Whether the writer of a file has ended; one with the number of this process, if the file is older than this process. */
async function isGone(files: Files, writer: number, path: string): Promise<boolean> {
  if (writer === process.pid) {
    const { mtimeMs } = await files.stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    return mtimeMs < Date.now() - 1000 * process.uptime();
  }
  try {
    process.kill(writer, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ESRCH";
  }
}
