import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { chromiumArguments, chromiumPath } from '../browser/chromium.ts'
import { openPage, scriptOf } from '../browser/site.ts'
import type { Listed, Lister } from './listing-page.ts'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

const listers: readonly Lister[] = ['idbStore', 'getAll']

/** How long a page can do nothing else while all records are listed, beside one request for all of them. */
export const listing = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const records = isShort ? 10_000 : 100_000
  const runs: { readonly [L in Lister]: Listed[] } = { idbStore: [], getAll: [] }
  const profile = await mkdtemp(join(tmpdir(), 'blobsync-profile-'))
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, args: [...chromiumArguments] })
  try {
    const script = await scriptOf(join(import.meta.dirname, 'listing-page.ts'))
    const newPage = async () => {
      const page = await openPage(context, script)
      await page.waitForFunction(() => 'listing' in globalThis)
      return page
    }
    const first = await newPage()
    await first.evaluate((count) => (globalThis as unknown as Listing).listing.fill(count), records)
    await first.close()
    for (let run = 0; run < (isShort ? 1 : 5); run += 1) {
      for (const lister of run % 2 === 0 ? listers : listers.toReversed()) {
        const page = await newPage()
        runs[lister].push(await listOn(page, lister, records))
        await page.close()
      }
    }
  } finally {
    await context.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  return listers.map((lister) => {
    const walls = runs[lister].map(({ wallMs }) => wallMs)
    const ratios = walls.map((wallMs, run) => wallMs / (runs.getAll[run]?.wallMs ?? wallMs))
    return {
      bench: 'listing',
      shape: `${records} records`,
      phase: 'list',
      subject: lister,
      wallMs: Math.round(median(walls)),
      spread: spreadOf(walls),
      ...(lister === 'idbStore' ? { ratio: rounded(median(ratios), 2), against: 'getAll' } : {}),
      longestBlockMs: Math.round(median(runs[lister].map(({ longestBlockMs }) => longestBlockMs))),
    }
  })
}

/** What the page's script put there. */
interface Listing {
  readonly listing: {
    readonly fill: (records: number) => Promise<void>
    readonly list: (lister: Lister, records: number) => Promise<Listed>
  }
}

const listOn = (page: Page, lister: Lister, records: number): Promise<Listed> =>
  page.evaluate(([given, count]) => (globalThis as unknown as Listing).listing.list(given, count), [lister, records] as const)
