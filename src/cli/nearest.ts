// The name that a mistyped one was meant to be.

/** "; did you mean NAME?" with the nearest of the names, or one that begins so; nothing where none is near. */
export function guess(given: string, names: readonly string[], shown = (name: string) => name): string {
  const most = Math.floor((given.length + 1) / 3);
  const typed = given.toLowerCase();
  const distances = names.map((name) => {
    const isBeginning = typed.length > 1 && name.toLowerCase().startsWith(typed);
    return isBeginning ? 0 : editsBetween(typed, name.toLowerCase());
  });
  const least = Math.min(...distances);
  return least <= most ? `; did you mean ${shown(names[distances.indexOf(least)] as string)}?` : "";
}

/** Levenshtein's distance: characters that are put in, left out or changed. */
function editsBetween(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, character] of [...one].entries()) {
    const here = [row + 1];
    for (let index = 0; index < other.length; index++) {
      const changed = (above[index] as number) + (character === other[index] ? 0 : 1);
      here.push(Math.min(changed, (above[index + 1] as number) + 1, (here[index] as number) + 1));
    }
    above = here;
  }
  return above.at(-1) as number;
}
