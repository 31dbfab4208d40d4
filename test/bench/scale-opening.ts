import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

/** What one process does: it fills a store, or opens it and waits until everything is ready. */
export interface Job {
  readonly role: 'fill' | 'open'
  readonly kind: Kind
  readonly blobs: number
  readonly directory: string
}

/** `pending`: each wants to be downloaded. `atRest`: each is synced and here. */
export type Kind = 'pending' | 'atRest'

/** Of a process that opened. `heapBytes`: all that JavaScript holds, after a garbage collection, buffers too. */
export interface Opened {
  readonly readyMs: number
  readonly heapBytes: number
}

const shapes: readonly { readonly kind: Kind; readonly counts: readonly number[] }[] = [
  { kind: 'pending', counts: [100, 1000, 10_000, 100_000] },
  { kind: 'atRest', counts: [100, 1000, 10_000, 100_000, 1_000_000] },
]

/** How long a store of files takes until it is ready, and how much heap it then takes above an empty one. Each opening is a process of its own. */
export const opening = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  try {
    const runs = isShort ? 1 : 5
    const empty = await openings({ kind: 'atRest', blobs: 0, directory: join(root, 'empty') }, runs)
    const emptyBytes = median(empty.map(({ heapBytes }) => heapBytes))
    const rows: Row[] = []
    for (const { kind, counts } of shapes) {
      for (const blobs of counts.filter((count) => !isShort || count <= SHORT_BLOBS_MAX)) {
        const directory = join(root, `${kind}-${blobs}`)
        const opened = await openings({ kind, blobs, directory }, runs)
        await rm(directory, { recursive: true })
        const walls = opened.map(({ readyMs }) => readyMs)
        const aboveBytes = median(opened.map(({ heapBytes }) => heapBytes)) - emptyBytes
        rows.push({
          bench: 'scale',
          shape: `${blobs} ${kind === 'pending' ? 'pending' : 'at rest'}`,
          phase: 'open',
          subject: 'blobsync',
          blobs,
          wallMs: Math.round(median(walls)),
          spread: spreadOf(walls),
          readyMs: Math.round(median(walls)),
          heapMiB: rounded(aboveBytes / 2 ** 20, 1),
        })
      }
    }
    return rows
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

const SHORT_BLOBS_MAX = 10_000

const openings = async (job: Omit<Job, 'role'>, runs: number): Promise<readonly Opened[]> => {
  await run({ ...job, role: 'fill' })
  const opened: Opened[] = []
  for (let at = 0; at < runs; at += 1) opened.push(await run({ ...job, role: 'open' }))
  return opened
}

const run = async (job: Job): Promise<Opened> => {
  const child = fork(join(import.meta.dirname, 'scale-opening-child.ts'), [], { execArgv: ['--expose-gc'] })
  const answered = once(child, 'message')
  const ended = once(child, 'exit')
  child.send(job)
  const [opened] = await Promise.race([
    answered,
    ended.then(([code]) => Promise.reject(new Error(`The process that was to ${job.role} ${job.blobs} ended with ${code}.`))),
  ])
  await ended
  return opened as Opened
}
