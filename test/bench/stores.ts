import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { chromiumArguments, chromiumPath } from '../browser/chromium.ts'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'
import type { Job, Result, Subject } from './stores-page.ts'

interface Contest {
  readonly shape: string
  readonly blobs: number
  readonly blobBytes: number
  readonly subjects: readonly Subject[]
  /** Beside what each of our stores is measured. */
  readonly against: Readonly<Partial<Record<Subject, Subject>>>
}

const contests: readonly Contest[] = [
  {
    shape: '1000x10kB',
    blobs: 1000,
    blobBytes: 10_000,
    subjects: ['idbStore', 'opfsStore', 'idb-keyval'],
    against: { idbStore: 'idb-keyval', opfsStore: 'idb-keyval' },
  },
  {
    shape: '100x1MB',
    blobs: 100,
    blobBytes: 1_000_000,
    subjects: ['idbStore', 'opfsStore', 'idb-keyval', 'files'],
    against: { idbStore: 'files', opfsStore: 'files' },
  },
]

/** Our browser stores in a real Chromium, beside what one would write without them; each run in a profile of its own, on the disk. */
export const stores = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const results = new Map(contests.map(({ shape, subjects }) => [shape, new Map(subjects.map((of) => [of, [] as Result[]]))]))
  const page = await pageOnLoopback()
  try {
    for (let run = 0; run < (isShort ? 1 : 5); run += 1) {
      await inBrowser(page.url, async (measure) => {
        // Whoever comes first would pay for the start of the browser.
        for (const subject of ['idb-keyval', 'files'] as const) await measure({ subject, blobs: 10, blobBytes: 100_000 })
        for (const { shape, blobs, blobBytes, subjects } of contests)
          for (const subject of inTurn(subjects, run))
            results
              .get(shape)
              ?.get(subject)
              ?.push(await measure({ subject, blobs, blobBytes }))
      })
    }
  } finally {
    await page.close()
  }
  return contests.flatMap((contest) =>
    (['put', 'get'] as const).flatMap((phase) => rowsOf(contest, phase, results.get(contest.shape) ?? new Map())),
  )
}

const inTurn = <A>(all: readonly A[], run: number): readonly A[] => [
  ...all.slice(run % all.length),
  ...all.slice(0, run % all.length),
]

const rowsOf = (
  { shape, blobs, blobBytes, against }: Contest,
  phase: keyof Result,
  results: ReadonlyMap<Subject, readonly Result[]>,
): readonly Row[] =>
  [...results].map(([subject, runs]) => {
    const walls = runs.map((result) => result[phase])
    const wallMs = median(walls)
    const other = against[subject]
    const others = other === undefined ? [] : (results.get(other) ?? [])
    return {
      bench: 'stores',
      shape,
      phase,
      subject,
      wallMs: Math.round(wallMs),
      spread: spreadOf(walls),
      ...(other === undefined
        ? {}
        : { ratio: rounded(median(walls.map((wall, run) => wall / (others[run]?.[phase] ?? wall))), 2), against: other }),
      blobsPerSecond: Math.round((blobs / wallMs) * 1000),
      megabytesPerSecond: rounded((blobs * blobBytes) / wallMs / 1000, 1),
    }
  })

/** Serves the page: files and locks of a site want an address. */
const pageOnLoopback = async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'stores-page.ts')],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer(({ url }, response) => {
    response.setHeader('content-type', url === '/page.js' ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(
      url === '/page.js' ? script : '<!doctype html><title>stores</title><script type="module" src="/page.js"></script>',
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, close: () => new Promise((closed) => server.close(closed)) }
}

/** A new profile in a folder, since what a private window keeps never reaches the disk. */
const inBrowser = async (url: string, run: (measure: (job: Job) => Promise<Result>) => Promise<void>): Promise<void> => {
  const profile = await mkdtemp(join(tmpdir(), 'blobsync-profile-'))
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, args: [...chromiumArguments] })
  try {
    await run(async (job) => {
      const page = await context.newPage()
      await page.goto(url)
      await page.waitForFunction(() => 'measure' in globalThis)
      const result = await page.evaluate((given) => {
        // The page's script put it there.
        const { measure } = globalThis as unknown as { measure: (job: Job) => Promise<Result> }
        return measure(given)
      }, job)
      await page.close()
      return result
    })
  } finally {
    await context.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
