// How sure the network is of each digit, and which one it reads.

export class Bars {
  #rows;
  #verdict;

  constructor(list, verdict) {
    this.#verdict = verdict;
    this.#rows = Array.from({ length: 10 }, (_, digit) => {
      const row = document.createElement("li");
      const [name, bar, share] = ["bar-name", "bar-track", "bar-share"].map((className) =>
        row.appendChild(Object.assign(document.createElement("span"), { className })),
      );
      name.textContent = `${digit}`;
      list.append(row);
      return { row, bar, share };
    });
    this.clear();
  }

  clear() {
    for (const { row, bar, share } of this.#rows) {
      row.classList.remove("is-read");
      bar.style.setProperty("--share", "0");
      share.textContent = "";
    }
    this.#read("–");
  }

  update(probabilities) {
    const read = probabilities.indexOf(Math.max(...probabilities));
    this.#rows.forEach(({ row, bar, share }, digit) => {
      row.classList.toggle("is-read", digit === read);
      bar.style.setProperty("--share", probabilities[digit].toFixed(3));
      share.textContent = `${Math.round(100 * probabilities[digit])} %`;
    });
    this.#read(`${read}`);
  }

  /** Screen readers are told only of another digit. */
  #read(text) {
    if (this.#verdict.textContent !== text) this.#verdict.textContent = text;
  }
}
