/** One promise of a port, as plain data that any test runner, a page or a command can run. */
export interface Case {
  /** A sentence of behaviour. */
  readonly name: string
  /** Resolves when the promise is kept, rejects with a plain message when it is not. Each run makes its own subject. */
  readonly run: () => Promise<void>
}
