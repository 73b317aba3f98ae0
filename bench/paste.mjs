// Puts what a run measured into a page of the documentation.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Replaces what stands between `<!-- name -->` and `<!-- end of name -->`. */
export function paste(page, name, text) {
  const path = fileURLToPath(page);
  const document = readFileSync(page, "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) return console.log(`${path} has no markers for ${name}`);
  writeFileSync(page, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
  console.log(`Pasted into ${path}`);
}
