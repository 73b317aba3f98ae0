// How far training is: a bar in a terminal, a line now and then in a pipe.
import { SingleBar } from "cli-progress";
import type { EpochRecord } from "../index.js";
import { print } from "./messages.js";

export interface Progress {
  update(record: EpochRecord): void;
  /** Clears the bar and gives the cursor back. */
  stop(): void;
}

/** Lines that a pipe gets. */
const LINES = 10;

export function progressOf(epochs: number): Progress {
  return process.stdout.isTTY ? bar(epochs) : lines(epochs);
}

function bar(epochs: number): Progress {
  const losses = " loss {loss}{validation}";
  const single = new SingleBar({
    stream: process.stdout,
    format: `Training {bar} {value}/{total} ${losses}`,
    barsize: Math.max(5, Math.min(40, (process.stdout.columns ?? 80) - 56)),
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    // Training ends in good order by itself.
    gracefulExit: false,
    clearOnComplete: true,
  });
  single.start(epochs, 0, { loss: "–", validation: "" });
  return {
    update: (record) => single.update(record.epoch, lossesOf(record)),
    stop: () => single.stop(),
  };
}

function lines(epochs: number): Progress {
  const step = Math.ceil(epochs / LINES);
  return {
    update(record) {
      const { epoch } = record;
      if (epoch !== 1 && epoch % step !== 0) return;
      const { loss, validation } = lossesOf(record);
      print(`epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}  loss ${loss}${validation}`);
    },
    stop() {},
  };
}

function lossesOf({ loss, validationLoss }: EpochRecord): { loss: string; validation: string } {
  const shown = (value: number) => (value < 1e4 ? value.toFixed(4) : value.toExponential(2));
  return {
    loss: shown(loss),
    validation: validationLoss === undefined ? "" : `  validation ${shown(validationLoss)}`,
  };
}
