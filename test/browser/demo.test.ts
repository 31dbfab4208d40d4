import { readFile } from 'node:fs/promises'
import axe from 'axe-core'
import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { device, filesOf, openDemo } from './demo-ground'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let demo: Awaited<ReturnType<typeof openDemo>>
let context: BrowserContext

beforeAll(async () => {
  demo = await openDemo()
  context = await demo.browser({ acceptDownloads: true })
})
afterAll(async () => {
  const { code, stderr } = await demo.close()
  // Chromium itself calls a refused PUT an error: one whose answer a reload cut off is sent again, and the server has it already.
  expect(demo.complaints.filter((complaint) => !complaint.includes('409 (Conflict)'))).toEqual([])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

/** A person who was never here before, in a profile that others used. */
const newPage = async (): Promise<Page> => {
  const page = await demo.open(context)
  await page.evaluate(() => localStorage.clear())
  await page.reload()
  await page.locator('.device').first().waitFor()
  onTestFinished(() => page.close())
  return page
}

const puts = () => demo.logged(/^PUT .* 200 /).map((line) => line.split(' ')[1] ?? '')

test('twenty pictures dropped on device A show on device B, without a jump, and the server holds ciphertext', async () => {
  const page = await newPage()
  const shifts = await page.evaluateHandle(() => {
    const seen: number[] = []
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if ('value' in entry && typeof entry.value === 'number') seen.push(entry.value)
    }).observe({ type: 'layout-shift', buffered: true })
    return seen
  })
  const b = device(page, 'b')
  const transfer = await page.evaluateHandle(async () => {
    const made = new DataTransfer()
    for (let index = 1; index <= 20; index++) {
      const canvas = new OffscreenCanvas(64, 64)
      const drawing = canvas.getContext('2d')!
      drawing.fillStyle = `hsl(${index * 18} 80% 50%)`
      drawing.fillRect(0, 0, 64, 64)
      made.items.add(new File([await canvas.convertToBlob()], `picture ${index}.png`, { type: 'image/png' }))
    }
    return made
  })
  await page.locator('[data-device=a]').dispatchEvent('drop', { dataTransfer: transfer })
  await b.says('20 files, all in sync')
  await b.row('picture 1.png').locator('img:not([hidden])').waitFor()
  await page.locator('.server .panel-summary').filter({ hasText: '20 blobs' }).waitFor()
  await expect.poll(() => page.locator('.stored-hex').first().textContent()).toMatch(/^([0-9a-f]{2} ){31}[0-9a-f]{2}$/)
  expect(await page.locator('.server').textContent()).not.toMatch(/picture \d/)
  // A chip that grows by a letter counts a little; a row or panel that moves counts a hundred times as much.
  expect((await shifts.jsonValue()).reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.01)
})

test('fifty files of many sizes arrive as they were', async () => {
  const page = await newPage()
  const [a, b] = [device(page, 'a'), device(page, 'b')]
  const small = filesOf(40, 3_000, 'small')
  const large = filesOf(10, 400_000, 'large')
  await a.add([...small, ...large])
  await a.says('50 files, all in sync')
  await b.says('50 files, all in sync')
  // Rows that cannot be seen have no elements, or a list of thousands would be slow.
  expect(await b.panel.locator('.row').count()).toBeLessThan(25)
  for (const file of [large[0]!, small[0]!]) {
    await b.panel.getByRole('group', { name: 'Files on Device B' }).evaluate((list, isLarge) => {
      list.scrollTop = isLarge ? 0 : 11 * 68
    }, file === large[0])
    const downloading = page.waitForEvent('download')
    await b.row(file.name).getByTitle('Actions').click()
    await page.getByRole('menuitem', { name: 'Download' }).click()
    const download = await downloading
    expect(download.suggestedFilename()).toBe(file.name)
    expect((await readFile(await download.path())).equals(file.buffer)).toBe(true)
  }
})

test('what is put offline waits, says so, and goes on once the device is back', async () => {
  const page = await newPage()
  const [a, b] = [device(page, 'a'), device(page, 'b')]
  await a.turn('Offline')
  await a.add(filesOf(3, 1_000))
  await a.says('Offline · 3 files wait')
  await a.row('file 2.bin').getByText('The device is offline.').waitFor()
  await b.says('No files yet')
  await a.turn('Offline')
  await a.says('3 files, all in sync')
  await b.says('3 files, all in sync')
})

test('a reload in the middle of uploads loses nothing and stores nothing twice', async () => {
  const page = await newPage()
  const before = puts().length
  await device(page, 'a').turn('Slow')
  await device(page, 'a').add(filesOf(8, 100_000))
  await page.locator('[data-device=a] [data-phase=transferring] progress[value]:not([value="0"])').first().waitFor()
  await page.reload()
  await device(page, 'a').says('8 files, all in sync')
  await device(page, 'b').says('8 files, all in sync')
  const stored = puts().slice(before)
  expect(new Set(stored).size).toBe(8)
  expect(stored).toHaveLength(8)
})

test('a download that was changed on its way is FAILED_DOWNLOAD, and a retry repairs it', async () => {
  const page = await newPage()
  const [a, b] = [device(page, 'a'), device(page, 'b')]
  await b.turn('Corrupt next download')
  await a.add(filesOf(1, 150_000))
  const failed = b.panel.locator('[data-status=FAILED_DOWNLOAD]')
  await failed.getByText('did not verify').waitFor()
  await b.says('1 file did not verify')
  await failed.getByRole('button', { name: /^Retry/ }).click()
  await b.says('1 file, all in sync')
  await b.row('file 1.bin').waitFor()
})

test('uploads wait for a full account and for a token, and go on when the app has them', async () => {
  const page = await newPage()
  const [a, b] = [device(page, 'a'), device(page, 'b')]
  await a.turn('Quota full')
  await a.add(filesOf(2, 80_000))
  await a.says('The account is full · 2 files wait')
  await a.turn('Quota full')
  await b.says('2 files, all in sync')
  await a.turn('Token expired')
  await a.add(filesOf(1, 80_000, 'later'))
  await a.says('Signed out: the token has expired · 1 file waits')
  await a.turn('Token expired')
  await b.says('3 files, all in sync')
})

test('a device without room stops its downloads, and goes on when there is some', async () => {
  const page = await newPage()
  const a = device(page, 'a')
  await a.panel.getByRole('button', { name: 'Open Device A alone' }).click()
  const link = (await page.getByLabel('Link to Device A').inputValue()).replace('device=a', 'device=b')
  await page.keyboard.press('Escape')
  const elsewhere = await demo.browser()
  // Before the page first writes: Chromium then does not ask for the quota again for a while.
  const cdp = await elsewhere.newCDPSession(elsewhere.pages()[0]!)
  const origin = new URL(demo.address).origin
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 3_000_000 })
  const other = await demo.open(elsewhere, link)
  expect(other.url()).not.toContain('secret')
  const b = device(other, 'b')
  await a.add(filesOf(3, 2_000_000))
  await b.says('This device is full')
  await cdp.send('Storage.overrideQuotaForOrigin', { origin })
  await b.panel.getByRole('button', { name: 'Retry all on Device B' }).click()
  await b.says('3 files, all in sync')
  expect(await other.locator('.device').count()).toBe(1)
})

test('a page that somebody put is shown as text and never runs', async () => {
  const page = await newPage()
  const evil = '<script>document.title = "taken over"; fetch("https://example.org")</script>'
  const files = ['evil.html', 'evil.svg'].map((name) => ({
    name,
    mimeType: name.endsWith('svg') ? 'image/svg+xml' : 'text/html',
    buffer: Buffer.from(name.endsWith('svg') ? `<svg xmlns="http://www.w3.org/2000/svg">${evil}</svg>` : evil),
  }))
  await device(page, 'a').add(files)
  await device(page, 'b').says('2 files, all in sync')
  for (const { name } of files) {
    await device(page, 'b').row(name).getByRole('button', { name, exact: true }).click()
    await page.locator('.preview > pre, .preview > img').waitFor()
    await page.keyboard.press('Escape')
  }
  expect(await page.title()).toContain('blobsync')
})

test('it works by keyboard alone, and says aloud what happened', async () => {
  const page = await newPage()
  const [a, b] = [device(page, 'a'), device(page, 'b')]
  await a.add(filesOf(3, 500))
  await b.says('3 files, all in sync')
  await page.getByRole('status').filter({ hasText: 'Device B: 3 files, all in sync' }).waitFor()
  await page.getByRole('group', { name: 'Files on Device B' }).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByText('It is here and on the remote.').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('menu').waitFor()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await a.says('2 files, all in sync')
  await b.says('2 files, all in sync')
  expect(await b.row('file 2.bin').count()).toBe(0)
})

test('axe finds nothing serious, at any width, in light and dark', async () => {
  const page = await newPage()
  const found: string[] = []
  const check = async (where: string) => {
    // By the debugger: the page's policy lets no other script in.
    await page.evaluate(axe.source)
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }
      return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
        id,
        impact,
        at: nodes.map(({ html }) => html.slice(0, 160)),
      }))
    })
    for (const { id, impact, at } of violations) {
      if (impact === 'serious' || impact === 'critical') found.push(`${where}: ${id} ${at.join(' | ')}`)
    }
  }
  interface Violation {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string }[]
  }
  await check('empty')
  await device(page, 'b').turn('Corrupt next download')
  await device(page, 'a').panel.getByRole('button', { name: 'Sample photos' }).click()
  await device(page, 'b').says('1 file did not verify')
  await device(page, 'a').turn('500')
  await device(page, 'a').add(filesOf(2, 90_000))
  await page.locator('[data-device=a] [data-phase=backingOff]').first().waitFor()
  for (const colorScheme of ['light', 'dark'] as const) {
    // Without motion, so that no colour is looked at half-way.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of [1440, 800, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await check(`${colorScheme} ${width}`)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    }
  }
  await page.locator('[data-device=a] .row').getByTitle('Actions').first().click()
  await check('menu')
  await page.getByRole('menuitem', { name: 'Open' }).click()
  await check('details')
  expect(found).toEqual([])
})

test('three tabs of a device put thirty files at once, and each is stored once', async () => {
  const page = await newPage()
  const tabs = [page, ...(await Promise.all([1, 2].map(() => demo.open(context, `${demo.address}#device=a`))))]
  onTestFinished(async () => void (await Promise.all(tabs.map((tab) => tab.close()))))
  const before = puts().length
  // From the disk: a file of one name and date is the same file in each tab.
  const paths = await demo.written(filesOf(30, 80_000))
  await Promise.all(tabs.map((tab) => device(tab, 'a').add(paths)))
  for (const tab of tabs) await device(tab, 'a').says('30 files, all in sync')
  await device(page, 'b').says('30 files, all in sync')
  const stored = puts().slice(before)
  expect(new Set(stored).size).toBe(30)
  expect(stored).toHaveLength(30)
})

test('the tab that uploads is closed in the middle, and another one goes on', async () => {
  const page = await newPage()
  const leader = await demo.open(context, `${demo.address}#device=a`)
  await page.close()
  await device(leader, 'a').says('No files yet')
  const other = await demo.open(context, `${demo.address}#device=a`)
  onTestFinished(() => other.close())
  const before = puts().length
  // The wire is the device's, whichever tab its switch is in.
  await device(other, 'a').turn('Slow')
  await leader.getByRole('switch', { name: 'Slow', checked: true }).waitFor()
  await device(other, 'a').add(filesOf(8, 100_000))
  await device(leader, 'a').panel.locator('[data-phase=transferring] progress[value]:not([value="0"])').first().waitFor()
  await leader.close()
  await device(other, 'a').turn('Slow')
  await device(other, 'a').says('8 files, all in sync')
  const stored = puts().slice(before)
  expect(new Set(stored).size).toBe(8)
  expect(stored).toHaveLength(8)
})
