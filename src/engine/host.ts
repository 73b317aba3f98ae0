// What the host is made of, where that is not asked of the host's globals.

/** One of Node's own modules by its bare name; undefined in other hosts. No import, so that bundlers have nothing to resolve. */
export function nodeModule<T>(name: string): T | undefined {
  const host = globalThis.process as { getBuiltinModule?: (name: string) => unknown } | undefined;
  return host?.getBuiltinModule?.(`node:${name}`) as T | undefined;
}

/**
 * Node's threads, which Deno and Bun have too: their web workers, asleep at a mailbox, keep their processes from ending. A page
 * has its own workers, and must take them: Electron's has Node's modules, but no threads.
 */
export function nodeThreads<T>(): T | undefined {
  const isPage = typeof Worker !== "undefined" && typeof document !== "undefined";
  return isPage ? undefined : nodeModule<T>("worker_threads");
}
