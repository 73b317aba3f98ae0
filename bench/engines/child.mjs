// measure.mjs as a process of Node, Deno or Bun, which answers the messages of its parent.
import { answer } from "./measure.mjs";

process.on("message", async (message) => process.send(await answer(message)));
process.on("disconnect", () => process.exit());
process.send({ value: "ready" });
