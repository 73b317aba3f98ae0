// A worker of a test page that has an engine of its own.
import { runThreaded } from "./threaded.mjs";

addEventListener("message", async ({ data }) => postMessage(await runThreaded(data)));
