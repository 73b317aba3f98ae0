// Random numbers that a seed determines, and what is made of them.

/** Numbers from 0 to 1 (linear congruential generator). */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Brings the values of an array into a random order (Fisher and Yates). */
export function shuffle(values, random) {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
}
