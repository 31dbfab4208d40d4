import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { version } from '../../package.json'
import { isBlobSyncError } from '../options'
import { EXIT, type Command } from './command'
import { explain } from './explain'
import { get } from './get'
import { importSoledad } from './import-soledad'
import { ls } from './ls'
import { print, warn } from './print'
import { Problem, UsageProblem } from './problem'
import { put } from './put'
import { retry } from './retry'
import { rm } from './rm'
import { serve } from './serve'
import { commonHelp, commonOptions, settingsFrom } from './settings'
import { status } from './status'
import { sync } from './sync'

const commands: readonly Command[] = [serve, put, sync, get, ls, rm, retry, status, explain, importSoledad]

/** Runs one command line, without `node` and the script. @returns the exit code. */
export const run = async (args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> => {
  const { name, rest } = split(idsLast(args))
  const command = commands.find((each) => each.name === name)
  try {
    if (command !== undefined) return await runCommand(command, rest, environment)
    if (name === 'help' || (name === undefined && rest.some((each) => each === '--help' || each === '-h'))) {
      usage().forEach(print)
      return EXIT.well
    }
    if (name === undefined && rest.includes('--version')) {
      print(version)
      return EXIT.well
    }
    throw new UsageProblem(name === undefined ? 'which command?' : `there is no command “${name}”.`)
  } catch (error) {
    return tell(error, command)
  }
}

/** An id that was derived from content is 43 characters, the first of which may be the “-” that options begin with. */
const derivedId = /^-[A-Za-z0-9_-]{42}$/

/** Moves such ids behind the “--” after which nothing is an option. */
const idsLast = (args: readonly string[]): readonly string[] => {
  const ids = args.filter((each) => derivedId.test(each))
  if (ids.length === 0) return args
  const others = args.filter((each) => !derivedId.test(each))
  return [...others, ...(others.includes('--') ? [] : ['--']), ...ids]
}

const runCommand = async (command: Command, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> => {
  const { values, positionals } = parsed(command, args)
  if (values['help'] === true) {
    usageOf(command).forEach(print)
    return EXIT.well
  }
  return command.run({ settings: settingsFrom(values, environment), values, operands: positionals, environment })
}

const parsed = (command: Command, args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: { ...commonOptions, ...command.options }, allowPositionals: true })
  } catch (error) {
    throw new UsageProblem(error instanceof Error ? error.message : String(error))
  }
}

/** The command is the first word that is no option's value, so that common options may stand before it. */
const split = (args: readonly string[]): { readonly name: string | undefined; readonly rest: readonly string[] } => {
  const options = commands.reduce<ParseArgsOptionsConfig>((all, command) => ({ ...all, ...command.options }), commonOptions)
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true })
  const word = tokens.find((token) => token.kind === 'positional')
  return word === undefined ? { name: undefined, rest: args } : { name: word.value, rest: args.toSpliced(word.index, 1) }
}

const tell = (error: unknown, command: Command | undefined): number => {
  if (error instanceof UsageProblem) {
    warn(error.message)
    const lines = command === undefined ? usage() : usageOf(command)
    process.stderr.write(`${lines.join('\n')}\n`)
    return error.exitCode
  }
  if (error instanceof Problem) {
    warn(error.message)
    return error.exitCode
  }
  // What the system refuses, a taken port or a folder that cannot be written, says enough by its message; a bug needs its stack.
  if (isBlobSyncError(error) || (error instanceof Error && ('code' in error || error.cause !== undefined))) {
    warn(error.message)
    return EXIT.error
  }
  warn(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return EXIT.error
}

const usage = (): readonly string[] => [
  'Usage: blobsync COMMAND [OPTIONS]',
  '',
  'Keeps immutable, end-to-end encrypted blobs the same on all your devices.',
  '',
  ...commands.map(({ name, operands, does }) => `  ${`${name} ${operands}`.padEnd(15)} ${does}`),
  '',
  'Options of all commands, each also as an environment variable: BLOBSYNC_HOME, BLOBSYNC_REMOTE …',
  ...commonHelp.map(indented),
  indented('--version           the version'),
  '',
  'Exit codes: 0 all well, 2 something could not be settled or did not verify, 1 an error.',
  '“blobsync COMMAND --help” tells the options of a command.',
]

const usageOf = ({ name, operands, does, optionHelp }: Command): readonly string[] => [
  `Usage: blobsync ${name} ${operands}${operands === '' ? '' : ' '}[OPTIONS]`,
  '',
  `${does.charAt(0).toUpperCase()}${does.slice(1)}.`,
  '',
  ...optionHelp.map(indented),
  ...commonHelp.map(indented),
]

const indented = (line: string) => `  ${line}`
