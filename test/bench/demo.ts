import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { servePage } from '../../docs/demo/server/serve-page.ts'
import type { BenchOptions } from './main.ts'
import { inBrowser } from './pages.ts'
import type { Row } from './rows.ts'

const FILE_BYTES = 2_000

/** The longest that the page of `npm start` does nothing else while it takes very many files, brings them to the other device, opens with them, and is scrolled. */
export const demo = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const files = isShort ? 200 : 5_000
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  const shown = await servePage({ root: join(root, 'server'), port: 0, account: { user: 'me', token: 'bench' }, log: undefined })
  try {
    const paths = await written(join(root, 'files'), files)
    return await inBrowser(async (context) => {
      const page = await context.newPage()
      await page.addInitScript(watchTasks)
      await page.goto(shown.address)
      const add = await phase(page, async () => {
        await page.locator('[data-device=a] input[data-files]').setInputFiles([...paths])
        await allThere(page, files)
      })
      const open = await phase(page, async () => {
        await page.reload()
        await allThere(page, files)
      })
      const scroll = await phase(page, async () => {
        await page.locator('[data-device=a] .row').first().hover()
        for (let turn = 0; turn < 50; turn += 1) await page.mouse.wheel(0, 2_000)
      })
      return Object.entries({ add, open, scroll }).map(([name, { wallMs, longestBlockMs }]) => ({
        bench: 'demo',
        shape: `${files}x2kB`,
        phase: name,
        subject: 'blobsync',
        wallMs,
        spread: [wallMs, wallMs],
        longestBlockMs,
      }))
    })
  } finally {
    await shown.close()
    await rm(root, { recursive: true, force: true })
  }
}

const written = async (folder: string, files: number): Promise<readonly string[]> => {
  await mkdir(folder)
  const paths = Array.from({ length: files }, (_, index) => join(folder, `file ${index}.bin`))
  for (const path of paths) await writeFile(path, randomBytes(FILE_BYTES))
  return paths
}

/** Runs before any script of the page. Chromium tells of tasks from 50 ms on. Of the one that hands the files over, what follows that is the page's. */
const watchTasks = () => {
  Object.assign(globalThis, { longestTaskMs: 0 })
  let sinceMs = 0
  addEventListener('input', () => (sinceMs = performance.now()), true)
  new PerformanceObserver((list) => {
    const seen = globalThis as unknown as Tasks
    for (const { startTime, duration } of list.getEntries())
      seen.longestTaskMs = Math.max(seen.longestTaskMs, startTime + duration - Math.max(startTime, sinceMs))
  }).observe({ type: 'longtask', buffered: true })
}

interface Tasks {
  longestTaskMs: number
}

const phase = async (page: Page, run: () => Promise<void>) => {
  await page.evaluate(() => {
    const seen = globalThis as unknown as Tasks
    seen.longestTaskMs = 0
  })
  const startMs = performance.now()
  await run()
  const wallMs = Math.round(performance.now() - startMs)
  const longestBlockMs = await page.evaluate(() => (globalThis as unknown as Tasks).longestTaskMs)
  return { wallMs, longestBlockMs: Math.round(longestBlockMs) }
}

const allThere = async (page: Page, files: number): Promise<void> => {
  for (const letter of ['a', 'b'])
    await page
      .locator(`[data-device=${letter}] .panel-summary`)
      .filter({ hasText: `${files.toLocaleString('en')} files, all in sync` })
      .waitFor({ timeout: 300_000 })
}
