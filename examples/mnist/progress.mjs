// A progress bar for each epoch, with the running loss and the speed; silent where stdout is no terminal.
import { SingleBar } from "cli-progress";

export function progressBar(epochs) {
  const bar = new SingleBar({
    stream: process.stdout,
    format: `epoch {epoch}/${epochs}  {bar} {percentage}%  loss {loss}  {speed} samples/s`,
    barsize: Math.max(5, Math.min(40, (process.stdout.columns ?? 80) - 55)),
    barCompleteChar: "█",
    barIncompleteChar: "░",
    autopadding: true,
    hideCursor: true,
    clearOnComplete: true,
  });
  let started = 0;
  let samples = 0;
  let loss = 0;

  return {
    /** Takes what `fit` gives to `onBatchEnd`. */
    update(record) {
      if (record.batch === 1) {
        [started, samples, loss] = [performance.now(), 0, record.loss];
        bar.start(record.batches, 1, {
          epoch: `${record.epoch}`.padStart(`${epochs}`.length),
          loss: loss.toFixed(4),
          speed: "–".padStart(7),
        });
      } else {
        samples += record.rows;
        loss += (record.loss - loss) / record.batch;
        const speed = Math.round((1000 * samples) / (performance.now() - started));
        bar.update(record.batch, { loss: loss.toFixed(4), speed: speed.toLocaleString("en").padStart(7) });
      }
    },
    /** Clears the line and gives the cursor back. */
    stop() {
      bar.stop();
    },
  };
}
