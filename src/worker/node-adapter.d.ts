// comlink's adapter for Node's workers has no declarations that are found under this name.
declare module "comlink/dist/esm/node-adapter.mjs" {
  export interface NodeEndpoint {
    postMessage(message: unknown, transfer?: unknown[]): void;
    on(type: string, listener: (value: unknown) => void): void;
    off(type: string, listener: (value: unknown) => void): void;
  }
  const nodeEndpoint: (endpoint: NodeEndpoint) => import("comlink").Endpoint;

  // biome-ignore lint/style/noDefaultExport: the name that comlink gives it
  export { nodeEndpoint as default };
}
