// What the fields of a form say, with its numbers as numbers.

/** Steps of a turn at most, and milliseconds of rest between turns. */
const PACES = {
  slow: { steps: 1, rest: 60 },
  calm: { steps: 30, rest: 12 },
  full: { steps: Number.POSITIVE_INFINITY, rest: 0 },
};

export function readSettings(form) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "pace");
  const settings = Object.fromEntries(
    fields.map(([name, text]) => [name, text === "" || Number.isNaN(+text) ? text : +text]),
  );
  return { ...settings, pace: PACES[new FormData(form).get("pace")] };
}
