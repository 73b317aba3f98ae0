// Files that commands write: checked before any work is done in vain.
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { asFileError, UserError } from "./messages.js";

/**
 * Only plain files are written, as a file is renamed to `path` in the end: a device would be gone.
 *
 * @param source what is read and must not be lost
 * @throws UserError
 */
export async function checkOutput(path: string, source: string): Promise<void> {
  if (path === "-") throw new UserError("cannot write a network to the standard output; name a file");
  const target = resolve(path);
  try {
    await access(dirname(target), constants.W_OK);
  } catch (error) {
    throw asFileError("write", path, error);
  }
  const existing = await stat(target).catch(() => undefined);
  if (existing === undefined) return;
  const isSource = (await realpath(target)) === (await realpath(source).catch(() => undefined));
  if (isSource) throw new UserError(`cannot write ${path}: it is what is read`);
  if (existing.isDirectory()) throw new UserError(`cannot write ${path}: it is a folder`);
  if (!existing.isFile()) throw new UserError(`cannot write ${path}: it is no plain file`);
}
