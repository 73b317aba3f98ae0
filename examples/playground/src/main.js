// The page: starts the worker, and each tab's panel when it is first shown.
import { wrap } from "comlink";
import { DigitsPanel } from "./digits/panel.js";
import { PlanePanel } from "./plane/panel.js";
import { connectTabs } from "./tabs.js";
import { connectThemeButton } from "./theme.js";

const worker = new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module" });
const remote = wrap(worker);

const PANELS = { digits: DigitsPanel, plane: PlanePanel };
const panels = new Map();

function pauseAll() {
  for (const panel of panels.values()) panel.session.pause();
}

/** What fails and is dealt with nowhere else, in the worker too, is told above the tabs. */
function showFailure(message) {
  const element = document.querySelector("#failure");
  element.textContent = `Something went wrong: ${message}. Load the page again to go on.`;
  element.hidden = false;
}

addEventListener("unhandledrejection", ({ reason }) => showFailure(reason.message));
// A worker that does not load has no message.
worker.addEventListener("error", ({ message }) => showFailure(message ?? "the page's worker does not load"));

connectThemeButton(document.querySelector("#theme"));
connectTabs(document.querySelector("[role=tablist]"), (id) => {
  pauseAll();
  if (!panels.has(id)) panels.set(id, new PANELS[id](document.getElementById(id), remote[id]));
});

// Who does not look does not watch: a phone's battery is spared.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) pauseAll();
});
