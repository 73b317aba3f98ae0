// Light and dark: the system's choice until the button makes another, and the theme's colours for canvases.

const KEY = "lanegrad-theme";
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

/** Takes a colour to be resolved; in the document, because elements outside of it have no computed style. */
const probe = root.appendChild(Object.assign(document.createElement("i"), { hidden: true }));

function isDark() {
  return (root.dataset.theme ?? (systemIsDark.matches ? "dark" : "light")) === "dark";
}

export function connectThemeButton(button) {
  const stored = localStorage.getItem(KEY);
  if (stored !== null) root.dataset.theme = stored;

  const update = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.ariaLabel = `${button.textContent} colours`;
    for (const listener of listeners) listener();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem(KEY, root.dataset.theme);
    update();
  });
  systemIsDark.addEventListener("change", update);
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
