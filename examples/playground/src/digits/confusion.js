// The confusion matrix as a table whose cells are coloured by their share of the row.

const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);

export class ConfusionTable {
  #cells;

  constructor(table) {
    const head = table.createTHead().insertRow();
    head.insertCell();
    head.append(...DIGITS.map((digit) => heading(digit, "col")));
    const body = table.createTBody();
    this.#cells = DIGITS.map((digit) => {
      const row = body.insertRow();
      row.append(heading(digit, "row"));
      return DIGITS.map((read) => {
        const cell = row.insertCell();
        cell.className = read === digit ? "right" : "wrong";
        return cell;
      });
    });
  }

  update(matrix) {
    matrix.forEach((counts, digit) => {
      const total = counts.reduce((sum, count) => sum + count, 0);
      counts.forEach((count, read) => {
        const cell = this.#cells[digit][read];
        cell.textContent = count === 0 ? "" : `${count}`;
        // A root shows that a few are wrong among a thousand.
        cell.style.setProperty("--share", ((count / total) ** 0.4).toFixed(3));
      });
    });
  }
}

function heading(content, scope) {
  return Object.assign(document.createElement("th"), { textContent: `${content}`, scope });
}
