// What the host is made of, where that is not asked of the host's globals.

/** One of Node's own modules by its bare name; undefined in other hosts. No import, so that bundlers have nothing to resolve. */
export function nodeModule<T>(name: string): T | undefined {
  const host = globalThis.process as { getBuiltinModule?: (name: string) => unknown } | undefined;
  return host?.getBuiltinModule?.(`node:${name}`) as T | undefined;
}
