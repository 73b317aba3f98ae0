// A web server on the loopback address: test pages, the modules that they load, and nothing else.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const PAGE = '<!doctype html><title>lanegrad</title><script type="module" src="/test/support/page.mjs"></script>';

const TYPES: Record<string, string> = {
  "/dist/index.js": "text/javascript",
  "/dist/relaxed.wasm": "application/wasm",
  "/test/support/page.mjs": "text/javascript",
  "/test/support/scenario.mjs": "text/javascript",
  "/test/support/threaded.mjs": "text/javascript",
  "/test/support/threaded-worker.mjs": "text/javascript",
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
export async function startServer(
  policies: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<StaticServer> {
  const server = createServer((request, response) => {
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
