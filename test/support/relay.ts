// A tab that nobody drives: it asks a server for the next page, and each page brings what came of it back by itself.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Between two pages: waits for the next address and goes there. */
const WAITING_ROOM = `<!doctype html><title>lanegrad</title>
<script>fetch("/next").then((answer) => answer.text()).then((address) => location.replace(address));</script>`;

export interface Relay {
  /** Where the tab begins; a page ends by a form that posts its outcome, as JSON, to the same address. */
  readonly address: string;
  /** Sends the tab to a page, and waits for the page's outcome. */
  visit(page: string): Promise<unknown>;
  close(): void;
}

export async function startRelay(): Promise<Relay> {
  let tab: ServerResponse | undefined;
  let visit: { page: string; end: (outcome: unknown) => void } | undefined;

  const send = () => {
    if (tab === undefined || visit === undefined) return;
    tab.end(visit.page);
    tab = undefined;
  };
  const server = createServer(async (request, response) => {
    if (request.url === "/next") {
      tab = response;
      return send();
    }
    if (request.method === "POST") {
      const outcome = new URLSearchParams(await text(request)).get("outcome");
      const ended = visit;
      visit = undefined;
      ended?.end(JSON.parse(outcome as string));
    }
    response.setHeader("Content-Type", "text/html; charset=utf-8").end(WAITING_ROOM);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    visit(page) {
      if (visit !== undefined) throw new Error(`the tab is still at ${visit.page}`);
      return new Promise((end) => {
        visit = { page, end };
        send();
      });
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
