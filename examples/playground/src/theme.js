// Light and dark: the system's choice until the button makes another, and the theme's colours for canvases.

const KEY = "lanegrad-theme";
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const coloursAreForced = matchMedia("(forced-colors: active)");
const listeners = new Set();

/** Takes a colour to be resolved; in the document, because elements outside of it have no computed style. */
const probe = root.appendChild(Object.assign(document.createElement("i"), { hidden: true }));
// Its colours are drawn on canvases, which a browser with forced colours leaves as they are.
probe.style.forcedColorAdjust = "none";

function isDark() {
  return (root.dataset.theme ?? (systemIsDark.matches ? "dark" : "light")) === "dark";
}

/** Undefined where the browser keeps nothing for a page. */
function storage() {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

export function connectThemeButton(button) {
  const stored = storage()?.getItem(KEY);
  if (stored) root.dataset.theme = stored;

  const update = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.ariaLabel = `${button.textContent} colours`;
    for (const listener of listeners) listener();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    storage()?.setItem(KEY, root.dataset.theme);
    update();
  });
  for (const query of [systemIsDark, coloursAreForced]) query.addEventListener("change", update);
  update();
}

/** Calls back when canvases have to be drawn in other colours. */
export function onThemeChange(listener) {
  listeners.add(listener);
}

/** The value "rgb(r, g, b)" that a custom property such as "--accent" has in the theme of now. */
export function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** The same as [r, g, b], from 0 to 255. */
export function channels(name) {
  return colour(name).match(/\d+/g).slice(0, 3).map(Number);
}
