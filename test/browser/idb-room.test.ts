import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { chromiumArguments, chromiumPath } from './chromium'
import { openPage, scriptOf, site } from './site'

const folder = await mkdtemp(join(tmpdir(), 'blobsync-room-'))
const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
  executablePath: chromiumPath,
  args: [...chromiumArguments],
})
afterAll(async () => {
  await context.close()
  await rm(folder, { recursive: true, force: true })
})
const script = await scriptOf(join(import.meta.dirname, 'idb-child.ts'))
let sites = 1

/** A page of a site that has stored nothing yet: Chromium asks for the quota at the first write, then not again for a while. */
const newPage = async (
  quotaSize?: number,
): Promise<{ readonly page: Page; readonly allow: (bytes?: number) => Promise<void> }> => {
  const origin = site((sites += 1))
  const page = await openPage(context, script, origin)
  onTestFinished(() => page.close())
  const cdp = await context.newCDPSession(page)
  const allow = async (bytes?: number) => {
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, ...(bytes === undefined ? {} : { quotaSize: bytes }) })
  }
  await allow(quotaSize)
  return { page, allow }
}

test('without room a write fails as StorageFull and harms nothing; with room again it works', async () => {
  const { page, allow } = await newPage(2_000_000)
  expect(await page.evaluate(() => ground.write('small', 10))).toBe('done')
  expect(await page.evaluate(() => ground.write('large', 300_000))).toBe('done')
  for (const id of ['huge', 'large', 'small']) {
    expect(await page.evaluate((given) => ground.write(given, 8_000_000), id)).toMatch(/^StorageFull: .*Make room/)
  }
  expect(await page.evaluate(() => ground.ids())).toEqual(['large', 'small'])
  expect(await page.evaluate(() => ground.isWhole('large', 300_000))).toBe(true)
  expect(await page.evaluate(() => ground.isWhole('small', 10))).toBe(true)
  await allow()
  expect(await page.evaluate(() => ground.write('huge', 8_000_000))).toBe('done')
  expect(await page.evaluate(() => ground.isWhole('huge', 8_000_000))).toBe(true)
})

test('room that is made by removing blobs lets writes go on', async () => {
  const { page } = await newPage(6_000_000)
  expect(await page.evaluate(() => ground.write('a', 3_000_000))).toBe('done')
  expect(await page.evaluate(() => ground.write('b', 3_000_000))).toMatch(/^StorageFull/)
  expect(await page.evaluate(() => ground.remove('a'))).toBe('done')
  await expect.poll(() => page.evaluate(() => ground.write('b', 3_000_000)), { timeout: 20_000 }).toBe('done')
  expect(await page.evaluate(() => ground.isWhole('b', 3_000_000))).toBe(true)
})

test('what does not fit fails alone, also when others are committed with it', async () => {
  const { page } = await newPage(2_000_000)
  const answers = await page.evaluate(() =>
    Promise.all([ground.write('a', 100_000), ground.write('huge', 9_000_000), ground.write('b', 100_000)]),
  )
  expect(answers.map((answer) => answer.split(':')[0])).toEqual(['done', 'StorageFull', 'done'])
  expect(await page.evaluate(() => ground.ids())).toEqual(['a', 'b'])
})

test('a staging without room fails as StorageFull, is cleared away, and leaves what was there', async () => {
  const { page, allow } = await newPage(7_000_000)
  expect(await page.evaluate(() => ground.write('a', 10))).toBe('done')
  const { answer, piece } = await page.evaluate(() => ground.stage('a', 20))
  expect(answer).toMatch(/^StorageFull/)
  expect(piece).toBeLessThan(20)
  expect(await page.evaluate(() => ground.isWhole('a', 10))).toBe(true)
  await allow()
  expect((await page.evaluate(() => ground.stage('a', 20))).answer).toBe('done')
  expect(await page.evaluate(() => indexedDB.databases())).toHaveLength(1)
})

test('a file that changed after it was chosen is not stored, and the failure says so', async () => {
  const path = join(folder, 'chosen')
  const { page } = await newPage()
  await page.setContent('<input type="file"><script type="module" src="/script.js"></script>')
  await page.waitForFunction(() => 'ground' in globalThis)
  for (const sizeBytes of [1_000, 300_000]) {
    await writeFile(path, new Uint8Array(sizeBytes))
    await page.setInputFiles('input', path)
    await page.evaluate(() => ground.choose(document.querySelector('input')!))
    await writeFile(path, new Uint8Array(sizeBytes + 1).fill(1))
    // Chromium tells by whole seconds whether a file has changed.
    await utimes(path, 1, 1)
    expect(await page.evaluate(() => ground.writeChosen('a'))).toMatch(/^Corrupt: .*gone or has changed/)
    expect(await page.evaluate(() => ground.ids())).toEqual([])
  }
  await page.setInputFiles('input', path)
  await page.evaluate(() => ground.choose(document.querySelector('input')!))
  expect(await page.evaluate(() => ground.writeChosen('a'))).toBe('done')
})

test('a page that may keep no data is told so', async () => {
  const { page } = await newPage()
  const message = await page.evaluate(async (code) => {
    const frame = document.createElement('iframe')
    frame.sandbox.add('allow-scripts')
    frame.srcdoc = `<script type="module">${code.replaceAll('</script', '<\\/script')}
        parent.postMessage(await ground.write('a', 10), '*')</script>`
    document.body.append(frame)
    return new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data), { once: true }))
  }, script)
  expect(message).toMatch(/^StorageBroken: .*The browser keeps no data for this page/)
})
