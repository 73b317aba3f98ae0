// How Vite serves and builds the page: with the library as this repository built it, and with MNIST.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { mnist } from "./mnist-plugin.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));

export default defineConfig({
  // The built page works in any folder of a web server.
  base: "./",
  plugins: [mnist()],
  resolve: { alias: { lanegrad: `${repository}dist/index.js` } },
  server: { fs: { allow: [repository] } },
  worker: { format: "es" },
  // Browsers that know WebAssembly SIMD and light-dark() need nothing older.
  build: { target: "es2022", cssTarget: ["chrome123", "firefox120", "safari17.5"], modulePreload: { polyfill: false } },
});
