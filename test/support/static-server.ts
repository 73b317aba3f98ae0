// Web servers on the loopback address: of test pages with the modules that they load, or of a folder; and of nothing else.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const PAGE = '<!doctype html><title>lanegrad</title><script type="module" src="/test/support/page.mjs"></script>';

const TYPES: Record<string, string> = {
  "/dist/index.js": "text/javascript",
  "/dist/relaxed.wasm": "application/wasm",
  "/test/support/page.mjs": "text/javascript",
  "/test/support/scenario.mjs": "text/javascript",
  "/test/support/threaded.mjs": "text/javascript",
  "/test/support/threaded-worker.mjs": "text/javascript",
};

/** Of a folder's files; any other is bytes. */
const TYPES_BY_ENDING: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
};

export interface StaticServer {
  /** "http://127.0.0.1:port" */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * @param policies path of a page → its Content-Security-Policy, empty for none
 * @param headers of every answer
 */
export function startServer(
  policies: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<StaticServer> {
  return listen((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const policy = policies[pathname];
    const type = TYPES[pathname];
    response.setHeaders(new Map(Object.entries(headers)));
    if (policy !== undefined) {
      if (policy !== "") response.setHeader("Content-Security-Policy", policy);
      response.setHeader("Content-Type", "text/html; charset=utf-8").end(PAGE);
    } else if (type !== undefined) {
      response.setHeader("Content-Type", type).end(readFileSync(new URL(`../..${pathname}`, import.meta.url)));
    } else {
      response.writeHead(404).end();
    }
  });
}

/** Serves the files of a folder, index.html as "/", each under the Content-Security-Policy. */
export function startFolderServer(folder: string, policy: string): Promise<StaticServer> {
  return listen(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const path = join(folder, normalize(pathname === "/" ? "/index.html" : pathname));
    try {
      const content = await readFile(path);
      response.setHeader("Content-Security-Policy", policy);
      response.setHeader("Content-Type", TYPES_BY_ENDING[extname(path)] ?? "application/octet-stream").end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
}

async function listen(answer: RequestListener): Promise<StaticServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
