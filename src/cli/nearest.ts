// The name that a mistyped one was meant to be.
import leven from "leven";

/** "; did you mean NAME?" with the nearest of the names, or one that begins so; nothing where none is near. */
export function guess(given: string, names: readonly string[], shown = (name: string) => name): string {
  const most = Math.floor((given.length + 1) / 3);
  const typed = given.toLowerCase();
  const distances = names.map((name) => {
    const isBeginning = typed.length > 1 && name.toLowerCase().startsWith(typed);
    return isBeginning ? 0 : leven(typed, name.toLowerCase());
  });
  const least = Math.min(...distances);
  return least <= most ? `; did you mean ${shown(names[distances.indexOf(least)] as string)}?` : "";
}
