// Types of elsewhere.mjs.

/** What came of training here and elsewhere. */
export interface ElsewhereOutcome {
  sameAsHere: boolean[];
  stoppedBy: string;
  seen: (number | string)[];
  refused: string;
  spoiled: string | false;
}
