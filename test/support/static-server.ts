// A web server on the loopback address: test pages, the modules that they load, and nothing else.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";

/** What is served: a folder with modules and what they load, and the HTML of every page. */
export interface Site {
  folder: URL;
  html: string;
}

const LIBRARY: Site = {
  folder: new URL("../../", import.meta.url),
  html: '<!doctype html><title>lanegrad</title><script type="module" src="/test/support/page.mjs"></script>',
};

/** Of the files that are served, by how their names end. */
const TYPES: Record<string, string> = {
  ".bin": "application/octet-stream",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
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
  site = LIBRARY,
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const policy = policies[pathname];
    const type = TYPES[extname(pathname)];
    const file = new URL(`.${pathname}`, site.folder);
    response.setHeaders(new Map(Object.entries(headers)));
    if (policy !== undefined) {
      if (policy !== "") response.setHeader("Content-Security-Policy", policy);
      response.setHeader("Content-Type", "text/html; charset=utf-8").end(site.html);
    } else if (type !== undefined && existsSync(file)) {
      response.setHeader("Content-Type", type).end(readFileSync(file));
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
