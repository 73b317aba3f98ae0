// Fetches MNIST: IDX files, gzipped, of bytes behind a header of big-endian numbers.

/** Pixels of an image: 28 rows of 28. */
export const PIXELS = 784;

/** `{ train, test }`, each `{ rows: Uint8Array [count, 784], labels: Uint8Array [count] }`. */
export async function fetchMnist(folder) {
  const [rows, labels, testRows, testLabels] = await Promise.all([
    fetchIdx(`${folder}train-images-idx3-ubyte.bin`, 3),
    fetchIdx(`${folder}train-labels-idx1-ubyte.bin`, 1),
    fetchIdx(`${folder}t10k-images-idx3-ubyte.bin`, 3),
    fetchIdx(`${folder}t10k-labels-idx1-ubyte.bin`, 1),
  ]);
  return { train: { rows, labels }, test: { rows: testRows, labels: testLabels } };
}

async function fetchIdx(url, rank) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  const unpacked = response.body.pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(unpacked).arrayBuffer();
  if (new DataView(buffer).getUint32(0) !== 0x0800 + rank) throw new Error(`${url}: no IDX file of rank ${rank}`);
  return new Uint8Array(buffer, 4 + 4 * rank);
}
