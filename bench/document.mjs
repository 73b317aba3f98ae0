// Puts the tables of a run into docs/performance.md, between the markers of the run.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url);

/** @param marker what the comments `<!-- marker -->` and `<!-- end of marker -->` say around the place of the text */
export function paste(marker, text) {
  if (!existsSync(DOCUMENT)) return;
  const document = readFileSync(DOCUMENT, "utf8");
  const [begin, end] = [`<!-- ${marker} -->`, `<!-- end of ${marker} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) return console.log(`docs/performance.md has no markers for ${marker}`);
  writeFileSync(DOCUMENT, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
  console.log(`Pasted into ${fileURLToPath(DOCUMENT)}`);
}
