import { execFile } from 'node:child_process'
import { cpus, release, totalmem, type, tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { readFile } from 'node:fs/promises'

/** What figures were taken on: without it they say nothing. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  /** Of the folder in which everything lay. */
  readonly fileSystem: string
  readonly node: string
  readonly programs: Readonly<Record<string, string>>
}

export const thisMachine = async (): Promise<Machine> => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${await distribution()}, ${type()} ${release()}`,
  fileSystem: (await firstLine('findmnt', ['-no', 'FSTYPE', '-T', tmpdir()])) ?? 'unknown',
  node: process.version,
  programs: Object.fromEntries(
    (
      await Promise.all(Object.entries(versions).map(async ([name, option]) => [name, await firstLine(name, [option])] as const))
    ).flatMap(([name, version]) => (version === null ? [] : [[name, version]])),
  ),
})

const versions = { rclone: 'version', tar: '--version', openssl: 'version', curl: '--version' } as const

const firstLine = async (program: string, options: readonly string[]): Promise<string | null> => {
  try {
    return (await promisify(execFile)(program, options)).stdout.split('\n')[0]?.replace(/ \(x86.*| \(Library.*/, '') ?? null
  } catch {
    // It is not installed, which is told where it is missing.
    return null
  }
}

const distribution = async () => {
  const named = /^PRETTY_NAME="(.*)"$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  return named ?? 'unknown'
}
