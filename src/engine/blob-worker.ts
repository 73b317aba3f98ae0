// Web workers from source text.

/** How long a blob's URL is kept: the worker has been asked for at once, and the URL need not outlive the request. */
const URL_MILLISECONDS = 10_000;

export function startFromBlob(source: string, options?: WorkerOptions): Worker {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  setTimeout(() => URL.revokeObjectURL(url), URL_MILLISECONDS);
  return new Worker(url, options);
}
