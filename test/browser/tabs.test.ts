import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { serve } from '../../src/server'
import { gate } from '../blob-sync/device'
import { chromiumArguments, chromiumPath } from './chromium'
import { scriptOf } from './site'

const folder = await mkdtemp(join(tmpdir(), 'blobsync-tabs-'))
const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArguments] })
afterAll(async () => {
  await browser.close()
  pageServer.close()
  await rm(folder, { recursive: true, force: true })
})
const script = await scriptOf(join(import.meta.dirname, 'tabs-child.ts'))
// A real server: Chromium lets no page reach loopback that does not come from there.
const pageServer = createServer(({ url }, response) => {
  const [type, body] =
    url === '/script.js' ? ['javascript', script] : ['html', '<!doctype html><script type="module" src="/script.js"></script>']
  response.writeHead(200, { 'content-type': `text/${type}` }).end(body)
})
await new Promise<void>((resolve) => pageServer.listen(0, '127.0.0.1', resolve))
// A server that listens on a port has such an address.
const origin = `http://127.0.0.1:${(pageServer.address() as AddressInfo).port}`
const patience = { timeout: 20_000 }
const numbers = Array.from({ length: 30 }, (_, number) => number)

/** A browser that has stored nothing yet, three tabs in it, and a server that tells what it was sent. */
const started = async (hasLocks: boolean) => {
  const lines: string[] = []
  const server = await serve({
    root: await mkdtemp(join(folder, 'server-')),
    port: 0,
    accounts: [{ user: 'ada', token: 'secret' }],
    origins: [origin],
    log: (line) => lines.push(line),
  })
  onTestFinished(() => server.close())
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  if (!hasLocks) await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'))
  const openTab = async () => {
    const page = await context.newPage()
    await page.goto(origin)
    await page.waitForFunction(() => 'tab' in globalThis)
    expect(await page.evaluate(() => tab.hasLocks())).toBe(hasLocks)
    await page.evaluate((url) => tab.open(url), server.url)
    return page
  }
  const pages = [await openTab(), await openTab(), await openTab()]
  await expect.poll(() => leadersOf(pages).then(({ length }) => length), patience).toBe(1)
  /** Ids by how often the server has stored them. */
  const stored = () =>
    lines.flatMap((line) => {
      const id = /PUT \S*\/([\w-]+) 20[01]\b/.exec(line)?.[1]
      return id === undefined ? [] : [id]
    })
  return { context, pages, stored }
}

const leadersOf = async (pages: readonly Page[]): Promise<readonly Page[]> => {
  const all = await Promise.all(pages.map((page) => page.evaluate(() => tab.leadership())))
  return pages.filter((_, at) => all[at] === 'leader')
}

const idle = (pages: readonly Page[]) => Promise.all(pages.map((page) => page.evaluate(() => tab.idle())))
const shown = (page: Page) => page.evaluate(() => tab.shown())

const showTheSame = async ([first, ...others]: readonly Page[]) => {
  if (first === undefined) throw new Error('No page is left.')
  for (const other of others) await expect.poll(() => shown(other), patience).toEqual(await shown(first))
}

/** Holds back what is uploaded until the gate is open. */
const heldUploads = async (context: BrowserContext) => {
  const { opened, open } = gate()
  let isWaiting = () => {}
  const waiting = new Promise<void>((resolve) => {
    isWaiting = resolve
  })
  await context.route(/\/blobs\//, async (route) => {
    if (route.request().method() !== 'PUT') return route.continue()
    isWaiting()
    await opened
    // The tab that asked may be gone.
    await route.continue().catch(() => {})
  })
  return { waiting, open }
}

const crash = async (context: BrowserContext, page: Page) => {
  const crashed = page.waitForEvent('crash')
  const cdp = await context.newCDPSession(page)
  void cdp.send('Page.crash').catch(() => {})
  await crashed
}

describe.each([
  ['with Web Locks', true],
  ['without Web Locks', false],
])('%s', (_, hasLocks) => {
  test('three tabs put 30 files each at once, and 30 that are the same: the server stores each once, all tabs show and read them', async () => {
    const { pages, stored } = await started(hasLocks)
    const named = await Promise.all(pages.map((page) => page.evaluate((all) => tab.put(all, true), numbers)))
    await Promise.all(
      pages.map((page, at) =>
        page.evaluate(
          (all) => tab.put(all, false),
          numbers.map((n) => 100 * (at + 1) + n),
        ),
      ),
    )
    await idle(pages)
    expect(named[1]).toEqual(named[0])
    expect(named[2]).toEqual(named[0])
    const once = [...named[0]!, ...[1, 2, 3].flatMap((at) => numbers.map((n) => `file${100 * at + n}`))].toSorted()
    expect(stored().toSorted()).toEqual(once)
    await showTheSame(pages)
    for (const page of pages) expect(await page.evaluate((id) => tab.isWhole(id, 29), named[0]![29]!)).toBe(true)
  }, 60_000)

  test.each(['closed', 'killed', 'crashed'])(
    'when the leader is %s in mid-upload another goes on; nothing is lost or stored twice',
    async (how) => {
      const { context, pages, stored } = await started(hasLocks)
      const { waiting, open } = await heldUploads(context)
      await Promise.all(
        pages.map((page, at) =>
          page.evaluate(
            (all) => tab.put(all, false),
            [0, 1, 2].map((n) => 10 * at + n),
          ),
        ),
      )
      await waiting
      const [leader] = await leadersOf(pages)
      if (leader === undefined) throw new Error('Nobody leads.')
      const left = pages.filter((page) => page !== leader)
      if (how === 'closed') await leader.evaluate(() => tab.close())
      if (how === 'killed') await leader.close()
      if (how === 'crashed') await crash(context, leader)
      await expect.poll(() => leadersOf(left).then(({ length }) => length), patience).toBe(1)
      open()
      await idle(left)
      expect([...new Set(stored())].toSorted()).toEqual(
        [0, 1, 2].flatMap((at) => [0, 1, 2].map((n) => `file${10 * at + n}`)).toSorted(),
      )
      expect(stored()).toHaveLength(9)
      await showTheSame(left)
      for (const page of left)
        for (const number of [0, 11, 22]) expect(await page.evaluate((n) => tab.isWhole(`file${n}`, n), number)).toBe(true)
    },
    60_000,
  )
})
