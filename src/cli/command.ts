import type { ParseArgsOptionsConfig } from 'node:util'
import type { Settings } from './settings'
import type { Values } from './values'

/** One word after `blobsync`. */
export interface Command {
  readonly name: string
  /** What follows the name, as the usage shows it. */
  readonly operands: string
  readonly does: string
  /** Its own options; the common ones besides. */
  readonly options: ParseArgsOptionsConfig
  /** A line of help for each of its own options. */
  readonly optionHelp: readonly string[]
  /** @returns the exit code. */
  readonly run: (input: Input) => Promise<number>
}

export interface Input {
  readonly settings: Settings
  readonly values: Values
  readonly operands: readonly string[]
  readonly environment: NodeJS.ProcessEnv
}

/** All well; an error; something could not be settled; stopped by Ctrl-C. */
export const EXIT = { well: 0, error: 1, unsettled: 2, stopped: 130 } as const
