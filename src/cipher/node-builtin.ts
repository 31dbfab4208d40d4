/** A module of Node's own, reached so that no browser's bundle ever meets its name; undefined where there is none (Node before 22.3 too). */
export const nodeBuiltin = (name: string): unknown => {
  const { process }: { readonly process?: unknown } = globalThis
  return hasFunction(process, 'getBuiltinModule') ? process.getBuiltinModule(name) : undefined
}

export const hasFunction = <Name extends string>(u: unknown, name: Name): u is Record<Name, (...given: unknown[]) => unknown> =>
  typeof u === 'object' && u !== null && typeof Reflect.get(u, name) === 'function'
