// The page: starts the worker, and each tab's panel when it is first shown.
import { wrap } from "comlink";
import { DigitsPanel } from "./digits/panel.js";
import { PlanePanel } from "./plane/panel.js";
import { connectTabs } from "./tabs.js";
import { connectThemeButton } from "./theme.js";

const remote = wrap(new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module" }));

const PANELS = { digits: DigitsPanel, plane: PlanePanel };
const panels = new Map();

function pauseAll() {
  for (const panel of panels.values()) panel.session.pause();
}

connectThemeButton(document.querySelector("#theme"));
connectTabs(document.querySelector("[role=tablist]"), (id) => {
  pauseAll();
  if (!panels.has(id)) panels.set(id, new PANELS[id](document.getElementById(id), remote[id]));
});

// Who does not look does not watch: a phone's battery is spared.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) pauseAll();
});
