import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
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
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})
const script = await scriptOf(join(import.meta.dirname, 'opfs-child.ts'))
let sites = 100

const newPage = async (where: string, quotaSize?: number) => {
  const origin = site((sites += 1))
  const page = await openPage(context, script, origin, `?${where}`)
  onTestFinished(() => page.close())
  const cdp = await context.newCDPSession(page)
  const allow = async (bytes?: number) => {
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, ...(bytes === undefined ? {} : { quotaSize: bytes }) })
  }
  await allow(quotaSize)
  const files = () =>
    page.evaluate(async () => {
      let count = 0
      for await (const entry of (await navigator.storage.getDirectory()).values())
        if (entry instanceof FileSystemDirectoryHandle) for await (const _ of entry.keys()) count += 1
      return count
    })
  return { page, allow, files }
}

for (const where of ['worker', 'page']) {
  test(`${where}: without room a large write fails as StorageFull, leaves no file and harms nothing; with room again it works`, async () => {
    const { page, allow, files } = await newPage(where, 4_000_000)
    expect(await page.evaluate(() => ground.write('small', 10))).toBe('done')
    expect(await page.evaluate(() => ground.write('large', 1_000_000))).toBe('done')
    for (const id of ['huge', 'large', 'small'])
      expect(await page.evaluate((given) => ground.write(given, 8_000_000), id)).toMatch(/^StorageFull: .*Make room/)
    expect(await page.evaluate(() => ground.ids())).toEqual(['large', 'small'])
    expect(await page.evaluate(() => ground.isWhole('large', 1_000_000))).toBe(true)
    expect(await page.evaluate(() => ground.isWhole('small', 10))).toBe(true)
    expect(await files()).toBe(1)
    await allow()
    expect(await page.evaluate(() => ground.write('huge', 8_000_000))).toBe('done')
    expect(await page.evaluate(() => ground.isWhole('huge', 8_000_000))).toBe(true)
    expect(await files()).toBe(2)
  })

  test(`${where}: a staging without room fails as StorageFull, leaves no file, and leaves what was there`, async () => {
    const { page, allow, files } = await newPage(where, 4_000_000)
    expect(await page.evaluate(() => ground.write('a', 10))).toBe('done')
    const { answer } = await page.evaluate(() => ground.stage('a', 20))
    expect(answer).toMatch(/^StorageFull/)
    expect(await page.evaluate(() => ground.isWhole('a', 10))).toBe(true)
    expect(await files()).toBe(0)
    await allow()
    expect((await page.evaluate(() => ground.stage('a', 20))).answer).toBe('done')
    expect(await files()).toBe(1)
  })

  test(`${where}: removing blobs makes room`, async () => {
    const { page, files } = await newPage(where, 6_000_000)
    expect(await page.evaluate(() => ground.write('a', 3_000_000))).toBe('done')
    expect(await page.evaluate(() => ground.write('b', 3_000_000))).toMatch(/^StorageFull/)
    expect(await page.evaluate(() => ground.remove('a'))).toBe('done')
    await expect.poll(() => page.evaluate(() => ground.write('b', 3_000_000)), { timeout: 20_000 }).toBe('done')
    expect(await files()).toBe(1)
  })

  test(`${where}: a file that changed after it was chosen is not stored, and the failure says so`, async () => {
    const path = join(folder, `chosen-${where}`)
    const { page, files } = await newPage(where)
    await page.evaluate(() => document.body.append(Object.assign(document.createElement('input'), { type: 'file' })))
    await writeFile(path, new Uint8Array(3_000_000))
    await page.setInputFiles('input', path)
    await page.evaluate(() => ground.choose(document.querySelector('input')!))
    await writeFile(path, new Uint8Array(3_000_001).fill(1))
    // Chromium tells by whole seconds whether a file has changed.
    await utimes(path, 1, 1)
    expect(await page.evaluate(() => ground.writeChosen('a'))).toMatch(/^Corrupt: .*gone or has changed/)
    expect(await page.evaluate(() => ground.ids())).toEqual([])
    expect(await files()).toBe(0)
    await page.setInputFiles('input', path)
    await page.evaluate(() => ground.choose(document.querySelector('input')!))
    expect(await page.evaluate(() => ground.writeChosen('a'))).toBe('done')
  })
}
