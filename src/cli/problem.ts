/** Something to tell the person at the terminal, in one sentence; ends the command with this exit code. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly exitCode: number
  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** As `Problem`, when the command line itself was wrong: the usage follows. */
export class UsageProblem extends Problem {}
