// The page: starts the worker, and each tab's panel when it is first shown.
import { wrap } from "comlink";
import { DigitsPanel } from "./digits/panel.js";
import { PlanePanel } from "./plane/panel.js";
import { connectTabs } from "./tabs.js";
import { connectThemeButton } from "./theme.js";

const remote = wrap(new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module" }));

const PANELS = { digits: DigitsPanel, plane: PlanePanel };
const panels = new Map();

connectThemeButton(document.querySelector("#theme"));
connectTabs(document.querySelector("[role=tablist]"), (id) => {
  for (const panel of panels.values()) panel.session.pause();
  if (!panels.has(id)) panels.set(id, new PANELS[id](document.getElementById(id), remote[id]));
});
