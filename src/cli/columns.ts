// Columns of the training table: what each one holds is found out while rows come in.
import { integer, listedName, quoted, tooLargeError, UserError } from "./messages.js";
import { type Decimal, isTooLarge, numberIn, numeralProblem } from "./numerals.js";
import { isMissing } from "./table.js";

/** More different texts than this make no column of a network's inputs. */
const MOST_CATEGORIES = 100;
/** More different texts than this are no classes. */
const MOST_CLASSES = 1000;

/** Numbers, or texts of which some occur again and again. */
export class Column {
  /** Row by row: a number, or an index into `texts`; NaN where it is missing. */
  values: number[] = [];
  /** In the order of their first rows; none in a column of numbers. */
  readonly #texts = new Map<string, number>();
  /** Whether the values are texts; undefined until there is a value. */
  #isText: boolean | undefined;
  readonly #mustBeText: boolean;

  /** @param mustBeText whether numbers are to be taken for texts; else the first value decides */
  constructor(
    readonly name: string,
    mustBeText: boolean,
    readonly isTarget: boolean,
    readonly decimal: Decimal,
  ) {
    this.#mustBeText = mustBeText;
    this.#isText = mustBeText || undefined;
  }

  get isText(): boolean {
    return this.#isText === true;
  }

  get texts(): string[] {
    return [...this.#texts.keys()];
  }

  /**
   * The next row's field.
   *
   * @param place the line, for messages
   * @throws UserError where it is none of what the column holds
   */
  add(field: string, place: string): void {
    if (isMissing(field)) {
      this.values.push(Number.NaN);
      return;
    }
    const value = numberIn(field, this.decimal);
    if (!this.isText && isTooLarge(value)) throw tooLargeError(place, this.name, field);
    const problem = this.#mustBeText || value !== undefined ? undefined : numeralProblem(field, this.decimal);
    // A target of such numbers is no class: they are to be written otherwise.
    if (problem !== undefined) throw this.#unfit(place, field, problem, this.isTarget ? "" : this.#advice);
    this.#isText ??= value === undefined;
    if (this.#mustBeText || this.#isText === (value === undefined)) {
      this.values.push(this.#isText ? this.#indexOf(field, place) : (value as number));
      return;
    }
    const kind = this.#isText ? `texts, such as ${quoted(this.texts[0] as string)}` : "numbers";
    throw this.#unfit(place, field, `where the rows above have ${kind}`, this.#advice);
  }

  get #advice(): string {
    const name = listedName(this.name);
    return this.isTarget
      ? " (--task classification takes all of them for texts)"
      : ` (--text ${name} takes all of them for texts, --ignore ${name} leaves the column out)`;
  }

  #unfit(place: string, field: string, why: string, advice: string): UserError {
    return new UserError(`${place}: column "${this.name}" is ${quoted(field)}, ${why}${advice}`);
  }

  /**
   * Texts tell something of a row only where other rows have them too.
   *
   * @throws UserError where each row has another, as dates and names do
   */
  checkTexts(table: string): void {
    if (!this.isText || this.#texts.size < this.values.filter((value) => !Number.isNaN(value)).length) return;
    throw new UserError(
      `${table}: column "${this.name}" has a different text in each row; leave it out with --ignore ${listedName(this.name)}`,
    );
  }

  /** Puts the texts in order, so that they do not depend on the order of the rows: numbers by size, then the others. */
  sort(): void {
    const texts = this.texts;
    const order = texts.map((_, index) => index).sort((a, b) => compare(texts[a] as string, texts[b] as string));
    const rank = new Map(order.map((index, place) => [index, place]));
    this.values = this.values.map((index) => rank.get(index) ?? Number.NaN);
    this.#texts.clear();
    for (const [place, index] of order.entries()) this.#texts.set(texts[index] as string, place);
  }

  /** Takes the numbers for texts, in their order. */
  becomeText(): void {
    this.#isText = true;
    this.values = this.values.map((value) => (Number.isNaN(value) ? value : this.#indexOf(String(value), "")));
    this.sort();
  }

  #indexOf(text: string, place: string): number {
    const texts = this.#texts;
    let index = texts.get(text);
    if (index === undefined) {
      index = texts.size;
      texts.set(text, index);
      const most = this.isTarget ? MOST_CLASSES : MOST_CATEGORIES;
      if (texts.size > most) {
        const advice = this.isTarget
          ? "is that the right column?"
          : `leave it out with --ignore ${listedName(this.name)}`;
        throw new UserError(
          `${place}: column "${this.name}" has more than ${integer(most)} different texts; ${advice}`,
        );
      }
    }
    return index;
  }
}

function compare(one: string, other: string): number {
  const [a, b] = [numberIn(one), numberIn(other)];
  if (a !== undefined && b !== undefined && a !== b) return a - b;
  if ((a === undefined) !== (b === undefined)) return a === undefined ? 1 : -1;
  return one < other ? -1 : 1;
}
