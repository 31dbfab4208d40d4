import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { streamingCipher } from '../../src/cipher/streaming'
import { httpRemote } from '../../src/remote/http'
import { serve } from '../../src/server'
import { expectRight } from '../../src/testing/expect'
import { key } from '../../src/testing/store-ground'
import { randomOf } from '../crash/content'
import { cuttingProxy } from '../cutting-proxy'
import { longOr } from '../long'
import { chromiumArguments, chromiumPath } from './chromium'
import { scriptOf } from './site'
import { KINDS } from './store-crash-kinds'

const CONTENT_BYTES = longOr(40_000_000, 16_000_000)
const KILLS = longOr(10, 2)
const SEED = Number(process.env['SEED'] ?? 30)

/** What a kill may cost: one part, of the largest. */
const PART_BYTES = 8 * 1024 * 1024
/** Requests and their answers, without what they carry. */
const HEADERS_BYTES = 500_000
const encryptedBytes = streamingCipher(new Uint8Array(64)).encryptedSize(CONTENT_BYTES)

const folder = await mkdtemp(join(tmpdir(), 'blobsync-big-pages-'))
const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArguments] })
const script = await scriptOf(join(import.meta.dirname, 'big-kill-child.ts'))
// A real server: Chromium lets no page reach loopback that does not come from there.
const pageServer = createServer(({ url }, response) => {
  const [type, body] =
    url === '/script.js' ? ['javascript', script] : ['html', '<!doctype html><script type="module" src="/script.js"></script>']
  response.writeHead(200, { 'content-type': `text/${type}` }).end(body)
})
await new Promise<void>((resolve) => pageServer.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(pageServer.address() as AddressInfo).port}`
afterAll(async () => {
  await browser.close()
  pageServer.close()
  await rm(folder, { recursive: true, force: true })
})

test.for(KINDS)(
  `%s: a page that is killed while it sends and fetches a big blob does a part again at each kill at most, seed ${SEED}`,
  { timeout: longOr(300_000, 60_000) },
  async (kind) => {
    const account = { user: 'ann', token: 'secret' }
    const server = await serve({ root: join(folder, kind), port: 0, accounts: [account], origins: [origin] })
    const proxy = await cuttingProxy(server.url)
    const remote = httpRemote({ url: server.url, ...account })
    const context = await browser.newContext()
    onTestFinished(async () => {
      await context.close()
      await proxy.close()
      await server.close()
    })
    const opened = async (name: string) => {
      const page = await context.newPage()
      await page.goto(origin)
      await page.waitForFunction(() => 'openDevice' in globalThis)
      const device = await page.evaluateHandle(([which, at, url]) => openDevice(which, at, url), [kind, name, proxy.url] as const)
      return { page, device }
    }
    const crash = async (page: Page) => {
      const crashed = page.waitForEvent('crash')
      const cdp = await context.newCDPSession(page)
      void cdp.send('Page.crash').catch(() => {})
      await crashed
      proxy.cutAll()
    }

    /** Lets pages of a device work, and kills all but the last. @returns what passed beyond the blob. */
    const through = async (name: 'sends' | 'fetches', passed: () => number, check: (device: Opened) => Promise<void>) => {
      const random = randomOf(SEED)
      const before = passed()
      const places = Array.from({ length: KILLS }, () => before + 1 + random(encryptedBytes - 1_000_000)).toSorted(
        (a, b) => a - b,
      )
      for (const place of places) {
        const running = await opened(name)
        if (name === 'sends') await running.device.evaluate((device, sizeBytes) => device.put(sizeBytes), CONTENT_BYTES)
        await check(running)
        const kills: Promise<void>[] = []
        proxy.onPiece = () => {
          if (passed() >= place && kills.length === 0) kills.push(crash(running.page))
          return kills[0]
        }
        await running.device.evaluate((device) => device.sync()).catch(() => {})
        proxy.onPiece = null
        expect(kills).toHaveLength(1)
        await Promise.all(kills)
        await running.page.close()
      }
      const { page, device } = await opened(name)
      await check({ page, device })
      await device.evaluate((last) => last.sync())
      expect(await device.evaluate((last, sizeBytes) => last.isEqual(sizeBytes), CONTENT_BYTES)).toBe(true)
      await page.close()
      const again = passed() - before - encryptedBytes
      if (process.env['BLOBSYNC_TELL'] === '1') console.log(kind, name, { kills: KILLS, again })
      return again
    }
    type Opened = Awaited<ReturnType<typeof opened>>

    const sent = await through('sends', proxy.upBytes, async () => {
      expect(expectRight(await remote.list({ namespace: key('big').namespace })(), 'list').entries).toEqual([])
    })
    expect(sent).toBeLessThanOrEqual(KILLS * PART_BYTES + HEADERS_BYTES)
    const fetched = await through('fetches', proxy.downBytes, async ({ device }) => {
      expect(await device.evaluate((opened) => opened.isReadable())).toBe(false)
    })
    expect(fetched).toBeLessThanOrEqual(KILLS * PART_BYTES + HEADERS_BYTES)
  },
)
