// What stands between the fields of a file.

/** The first of these that the header holds. */
const SEPARATORS = [",", ";", "\t", "|"] as const;

/** @param header without what is quoted */
export function separatorIn(header: string): string {
  return SEPARATORS.find((candidate) => header.includes(candidate)) ?? ",";
}

/** What a separator is called behind the name of a table; nothing for the usual comma. */
export function separatedBy(separator: string): string {
  if (separator === ",") return "";
  return `, separated by ${separator === "\t" ? "tabs" : `"${separator}"`}`;
}

/** The option for another separator that names of columns hold, where that is what went wrong. */
export function otherSeparator(names: readonly string[], separator: string): string {
  const other = SEPARATORS.find(
    (candidate) => candidate !== separator && names.some((name) => name.includes(candidate)),
  );
  return other === undefined ? "" : `; try --separator ${other === "\t" ? "tab" : `"${other}"`}`;
}
