import type { BenchOptions } from './main.ts'
import { inBrowser, pageOnLoopback } from './pages.ts'
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
  const page = await pageOnLoopback('stores-page.ts')
  try {
    for (let run = 0; run < (isShort ? 1 : 5); run += 1) {
      await inProfile(page.url, async (measure) => {
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

/** Measures each job on a page of its own, all in one new profile. */
const inProfile = (url: string, run: (measure: (job: Job) => Promise<Result>) => Promise<void>): Promise<void> =>
  inBrowser((context) =>
    run(async (job) => {
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
    }),
  )
