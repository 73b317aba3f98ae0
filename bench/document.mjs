// Puts the tables of a run into a page of the documents, between the markers of the run.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * @param marker what the comments `<!-- marker -->` and `<!-- end of marker -->` say around the place of the text
 * @param page path of a file in the repository
 */
export function paste(marker, text, page = "docs/performance.md") {
  const path = new URL(`../${page}`, import.meta.url);
  if (!existsSync(path)) return;
  const document = readFileSync(path, "utf8");
  const [begin, end] = [`<!-- ${marker} -->`, `<!-- end of ${marker} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) return console.log(`${page} has no markers for ${marker}`);
  writeFileSync(path, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
  console.log(`Pasted into ${fileURLToPath(path)}`);
}
