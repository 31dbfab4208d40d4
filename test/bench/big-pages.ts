import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'blobsync/server'
import type { BrowserContext, Page } from 'playwright'
import type { BigPage, PageJob } from './big-page.ts'
import { inBrowser, pageOnLoopback } from './pages.ts'
import { rounded, type Row } from './rows.ts'

interface Given {
  /** Files of 1 MiB, and of `sizeBytes`. */
  readonly small: string
  readonly large: string
  readonly shape: string
  readonly sizeBytes: number
}

/** A file that was picked on a page, through a server, to the page of another browser; once. */
export const bigPages = async ({ small, large, shape, sizeBytes }: Given): Promise<readonly Row[]> => {
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  const page = await pageOnLoopback('big-page.ts')
  const server = await serve({
    root,
    port: 0,
    accounts: [{ user: 'bench', token: 'bench' }],
    origins: [new URL(page.url).origin],
  })
  const onPage = (namespace: string, file: string | null) =>
    inBrowser((context) => measured(context, page.url, { url: server.url, namespace }, file))
  try {
    const rows: Row[] = []
    for (const { phase, isUp } of [
      { phase: 'up', isUp: true },
      { phase: 'down', isUp: false },
    ]) {
      const least = await onPage('small', isUp ? small : null)
      const most = await onPage('large', isUp ? large : null)
      if (!isUp && most.bytes !== sizeBytes) throw new Error('What came down is not what went up.')
      rows.push({
        bench: 'big',
        shape,
        phase,
        subject: 'blobsync',
        process: isUp ? 'page A' : 'page B',
        wallMs: Math.round(most.wallMs),
        spread: [Math.round(most.wallMs), Math.round(most.wallMs)],
        megabytesPerSecond: rounded(sizeBytes / most.wallMs / 1000, 1),
        heapMiB: Math.round(most.heapMiB),
        peakRssMiB: Math.round(most.rssMiB),
        extraRssMiB: Math.round(most.rssMiB - least.rssMiB),
      })
    }
    return rows
  } finally {
    await server.close()
    await page.close()
    await rm(root, { recursive: true, force: true })
  }
}

interface Measured {
  readonly wallMs: number
  readonly bytes: number
  readonly heapMiB: number
  /** Of the page's process: what its workers hold counts too. */
  readonly rssMiB: number
}

/** How often a page is looked at. */
const LOOK_MS = 20

const measured = async (context: BrowserContext, url: string, job: PageJob, file: string | null): Promise<Measured> => {
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(() => 'big' in globalThis)
  if (file !== null) await page.setInputFiles('input', file)
  const heap = await heapOf(context, page)
  const wallMs = await page.evaluate((given) => {
    // The page's script put it there.
    const { big } = globalThis as unknown as { big: BigPage }
    return big.sync(given)
  }, job)
  const heapMiB = await heap.peakMiB()
  const rssMiB = await peakRssMiB(context)
  const bytes = await page.evaluate((given) => {
    const { big } = globalThis as unknown as { big: BigPage }
    return big.sizeOf(given)
  }, job)
  return { wallMs, bytes, heapMiB, rssMiB }
}

/** Looks at a page's heap until it is asked for the peak. */
const heapOf = async (context: BrowserContext, page: Page) => {
  const session = await context.newCDPSession(page)
  let peak = 0
  let isOver = false
  const look = async (): Promise<void> => {
    while (!isOver) {
      const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage')
      peak = Math.max(peak, usedSize + embedderHeapUsedSize + backingStorageSize)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }
  const looking = look()
  return {
    peakMiB: async () => {
      isOver = true
      await looking
      return peak / 2 ** 20
    },
  }
}

/** Of the largest process that shows a page. */
const peakRssMiB = async (context: BrowserContext): Promise<number> => {
  const session = await context.browser()?.newBrowserCDPSession()
  if (session === undefined) throw new Error('The browser is gone.')
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const peaks = await Promise.all(
    processInfo
      .filter(({ type }) => type === 'renderer')
      .map(async ({ id }) => Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1024),
  )
  return Math.max(...peaks)
}
