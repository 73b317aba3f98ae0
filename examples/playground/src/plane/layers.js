// The fields of the hidden layers: how many there are, and how many units each has.

const MOST = 5;
const LARGEST = 32;

export class HiddenLayers {
  #form;
  #list;
  #add;
  #remove;

  /** @param form told of other layers by a change event, as of another choice in its fields */
  constructor(form) {
    this.#form = form;
    this.#list = form.querySelector("[data-layers]");
    this.#add = form.querySelector("[data-add-layer]");
    this.#remove = form.querySelector("[data-remove-layer]");
    this.#add.addEventListener("click", () => this.#change(() => this.#append(8)));
    this.#remove.addEventListener("click", () => this.#change(() => this.#list.lastElementChild.remove()));
    for (const units of [16, 16]) this.#append(units);
    this.#enable();
  }

  /** Of each layer. */
  get units() {
    return Array.from(this.#list.querySelectorAll("input"), (input) => input.valueAsNumber);
  }

  #change(edit) {
    edit();
    this.#enable();
    this.#form.dispatchEvent(new Event("change"));
  }

  #enable() {
    const count = this.#list.childElementCount;
    this.#add.disabled = count === MOST;
    this.#remove.disabled = count === 1;
  }

  #append(units) {
    const label = Object.assign(document.createElement("label"), { className: "layer" });
    const [name, output] = [document.createElement("span"), document.createElement("output")];
    const input = Object.assign(document.createElement("input"), { type: "range", min: 1, max: LARGEST, value: units });
    name.textContent = `Layer ${this.#list.childElementCount + 1}`;
    const show = () => {
      output.textContent = `${input.value} ${input.value === "1" ? "unit" : "units"}`;
    };
    input.addEventListener("input", show);
    show();
    label.append(name, input, output);
    this.#list.append(label);
  }
}
