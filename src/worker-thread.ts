// What the worker of a Trainer runs: its service, at the other end of comlink.
import { expose } from "comlink";
import nodeEndpoint, { type NodeEndpoint } from "comlink/dist/esm/node-adapter.mjs";
import { nodeModule } from "./engine/host.js";
import { carryErrors } from "./worker/errors.js";
import { Service } from "./worker/service.js";

carryErrors();
const port = nodeModule<{ parentPort: NodeEndpoint | null }>("worker_threads")?.parentPort;
expose(new Service(), port ? nodeEndpoint(port) : undefined);
