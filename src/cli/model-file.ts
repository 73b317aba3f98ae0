// Model files: a network in the library's own safetensors format, with the columns of its table in the metadata.

import { readFile } from "node:fs/promises";
import { FormatError } from "../errors.js";
import { readSafetensors, writeSafetensors } from "../format/safetensors.js";
import { Network } from "../index.js";
import { writeFileAtomically } from "../node.js";
import { type Description, inputsOf, parseDescription } from "./description.js";
import { asFileError, shownPath, UserError } from "./messages.js";

/** The entry of the metadata that describes the columns. */
export const TABLE = "table";

export interface Model {
  readonly net: Network;
  readonly description: Description;
}

/** @throws UserError where the file cannot be written */
export async function writeModel(path: string, { net, description }: Model): Promise<number> {
  const { tensors, metadata } = readSafetensors(net.toSafetensors());
  const bytes = writeSafetensors({ tensors, metadata: new Map([...metadata, [TABLE, JSON.stringify(description)]]) });
  try {
    await writeFileAtomically(path, bytes);
  } catch (error) {
    throw asFileError("write", path, error);
  }
  return bytes.length;
}

/** @throws UserError where the file is none that `writeModel` wrote */
export async function readModel(path: string): Promise<Model> {
  const bytes = await readFile(path).catch((error) => {
    throw asFileError("read", path, error);
  });
  try {
    const text = readSafetensors(bytes).metadata.get(TABLE);
    if (text === undefined) throw new FormatError("__metadata__", `no entry "${TABLE}"`);
    const description = parseDescription(text);
    const net = await Network.fromSafetensors(bytes);
    const outputs = description.target.classes?.length ?? 1;
    if (net.inputs !== inputsOf(description.features) || net.outputs !== outputs) {
      throw new FormatError(`__metadata__.${TABLE}`, "other columns than the network has");
    }
    return { net, description };
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof SyntaxError)) throw error;
    throw new UserError(`${shownPath(path)} is no model file that "lanegrad train" wrote: ${error.message}`);
  }
}
