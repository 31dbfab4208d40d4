import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright'
import { playground, start } from '../cli/processes'
import { chromiumArguments, chromiumPath } from './chromium'

export type DeviceLetter = 'a' | 'b'

/** One device on the page, by what a person sees and does. */
export interface DevicePanel {
  readonly panel: Locator
  readonly add: (files: readonly TestFile[] | readonly string[]) => Promise<void>
  readonly turn: (name: string) => Promise<void>
  readonly row: (name: string) => Locator
  /** Resolves when the line under its name is this. */
  readonly says: (text: string | RegExp, timeoutMs?: number) => Promise<void>
}

export interface TestFile {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

/** The page as `npm start` serves it, and browsers of one's own; what they complain of and whom they call is written down. */
export const openDemo = async () => {
  const ground = await playground()
  const server = start('start', ['--port', '0', '--log'])
  const address = await server.line(/^http:/)
  const complaints: string[] = []
  const contexts: { readonly context: BrowserContext; readonly folder: string }[] = []

  const browser = async (options: Parameters<typeof chromium.launchPersistentContext>[1] = {}) => {
    const folder = await mkdtemp(join(tmpdir(), 'blobsync-demo-'))
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: chromiumPath,
      args: [...chromiumArguments],
      viewport: { width: 1440, height: 900 },
      ...options,
    })
    contexts.push({ context, folder })
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`)
    })
    context.on('weberror', (error) => complaints.push(String(error.error())))
    context.on('request', (request) => {
      const { protocol, hostname, href } = new URL(request.url())
      if (/^(http|ws)s?:$/.test(protocol) && hostname !== '127.0.0.1') complaints.push(`called ${href}`)
    })
    return context
  }

  return {
    address,
    complaints,
    browser,
    open: async (context: BrowserContext, url = address): Promise<Page> => {
      const page = await context.newPage()
      await page.goto(url)
      await page.locator('.device').first().waitFor()
      return page
    },
    /** The lines of the server's log that tell of this. */
    logged: (of: RegExp) => server.lines().filter((line) => of.test(line)),
    /** Writes files to the disk. @returns their paths. */
    written: (files: readonly TestFile[]): Promise<readonly string[]> =>
      Promise.all(
        files.map(async ({ name, buffer }) => {
          await writeFile(ground.path(name), buffer)
          return ground.path(name)
        }),
      ),
    close: async () => {
      await Promise.all(contexts.map(({ context }) => context.close()))
      await Promise.all(contexts.map(({ folder }) => rm(folder, { recursive: true, force: true })))
      server.signal('SIGINT')
      const ended = await server.end
      await ground.clear()
      return ended
    },
  }
}

export const device = (page: Page, letter: DeviceLetter): DevicePanel => {
  const panel = page.locator(`[data-device=${letter}]`)
  const summary = panel.locator('.panel-summary')
  return {
    panel,
    add: (files) =>
      panel
        .locator('input[data-files]')
        .setInputFiles(
          files.every((file) => typeof file === 'string') ? [...files] : files.filter((file) => typeof file !== 'string'),
        ),
    turn: (name) => panel.getByRole('switch', { name, exact: true }).click(),
    row: (name) => panel.locator('.row').filter({ has: page.getByRole('button', { name, exact: true }) }),
    says: (text, timeoutMs = 20_000) => summary.filter({ hasText: text }).waitFor({ timeout: timeoutMs }),
  }
}

/** Files whose content nobody could guess. */
export const filesOf = (count: number, sizeBytes: number, name = 'file'): readonly TestFile[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `${name} ${index + 1}.bin`,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(crypto.getRandomValues(new Uint8Array(Math.min(sizeBytes, 65_536)))).subarray(0, sizeBytes),
  })).map((file) => ({
    ...file,
    buffer: Buffer.concat(Array.from({ length: Math.ceil(sizeBytes / 65_536) }, () => file.buffer)).subarray(0, sizeBytes),
  }))
