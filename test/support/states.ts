// What two trainings that did the same have in common: checkpoints and histories without the times they took.
import type { History } from "../../src/index.js";

export function withoutTimes({ epochs, ...others }: History) {
  return { ...others, epochs: epochs.map(({ seconds, ...record }) => record) };
}

/** The header of a checkpoint, and the data behind it. */
export function partsOf(file: Uint8Array): [header: string, data: Uint8Array] {
  const end = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return [new TextDecoder().decode(file.subarray(8, end)), file.subarray(end)];
}

/** What a checkpoint holds but for the seconds that a run and its epochs took. */
export function stateOf(file: Uint8Array): string[] {
  const [header, data] = partsOf(file);
  const bytes = Buffer.from(data);
  const { records } = JSON.parse(header);
  if (records !== undefined) {
    const rowBytes = 8 * records.shape[1];
    const [begin, end] = records.data_offsets;
    // Seconds are the last column.
    for (let at = begin + rowBytes; at <= end; at += rowBytes) bytes.fill(0, at - 8, at);
  }
  return [header.replace(/\\"seconds\\":[-.e\d]+/g, "").trim(), bytes.toString("hex")];
}
