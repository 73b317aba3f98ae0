// Builds a project's page and its worker by each bundler, as their users do: node bundle.mjs project, with page.mjs in it.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import webpack from "webpack";

const project = resolve(process.argv[2]);
const entry = join(project, "page.mjs");

/** The pages' HTML, which Vite takes as its entry and rewrites. */
const html = (script) => `<!doctype html><title>lanegrad</title><script type="module" src="${script}"></script>`;

/** Bundlers by name: each puts index.html and what that loads into a folder. */
const bundlers = {
  /** The workers are entries of their own: esbuild leaves their URLs alone. */
  async esbuild(outdir) {
    const options = { outdir, bundle: true, format: "esm", minify: true };
    await esbuild({
      ...options,
      entryPoints: [entry, join(project, "threaded-worker.mjs")],
      outExtension: { ".js": ".mjs" },
      splitting: true,
    });
    await esbuild({ ...options, entryPoints: [join(project, "node_modules/lanegrad/dist/worker-thread.js")] });
    writeFileSync(join(outdir, "index.html"), html("/page.mjs"));
  },

  async vite(outDir) {
    writeFileSync(join(project, "index.html"), html("/page.mjs"));
    await vite({ root: project, configFile: false, logLevel: "warn", worker: { format: "es" }, build: { outDir } });
  },

  async webpack(path) {
    const compiler = webpack({ mode: "production", context: project, entry, output: { path } });
    const stats = await new Promise((resolve, reject) => {
      compiler.run((error, result) => (error ? reject(error) : resolve(result)));
    });
    if (stats.hasErrors()) throw new Error(stats.toString("errors-warnings"));
    writeFileSync(join(path, "index.html"), html("/main.js"));
  },
};

for (const [name, bundle] of Object.entries(bundlers)) await bundle(join(project, name));
