import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'blobsync/server'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

/** What a subject's process is told, and what it answers. */
export interface Job {
  readonly subject: 'blobsync' | 'loop'
  readonly url: string
  readonly namespace: string
  readonly directory: string
  readonly blobs: number
  readonly blobBytes: number
}
export interface Result {
  readonly upMs: number
  readonly downMs: number
  readonly peakRssMiB: number
}

const shapes = [
  { shape: '1000x10kB', blobs: 1000, blobBytes: 10_000 },
  { shape: '100x100kB', blobs: 100, blobBytes: 100_000 },
  { shape: '10x1MB', blobs: 10, blobBytes: 1_000_000 },
  { shape: '1x10MB', blobs: 1, blobBytes: 10_000_000 },
]
const subjects = ['blobsync', 'loop'] as const

/**
 * Device A puts and uploads, device B lists, downloads, verifies and stores: ours beside a loop as one would write it by
 * hand, each run a cold process, in turns, against one server in this process.
 */
export const roundTrip = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  const server = await serve({ root: join(root, 'server'), port: 0, accounts: [{ user: 'bench', token: 'bench' }] })
  const rows: Row[] = []
  try {
    for (const { shape, blobs, blobBytes } of shapes) {
      const results: Record<Job['subject'], Result[]> = { blobsync: [], loop: [] }
      for (let run = 0; run < (isShort ? 1 : 5); run += 1) {
        for (const subject of run % 2 === 0 ? subjects : subjects.toReversed()) {
          const namespace = `${shape}-${subject}-${run}`
          const directory = join(root, namespace)
          results[subject].push(await runOne({ subject, url: server.url, namespace, directory, blobs, blobBytes }))
          await rm(directory, { recursive: true })
        }
      }
      for (const phase of ['up', 'down', 'round'] as const) {
        const wallOf = ({ upMs, downMs }: Result) => (phase === 'up' ? upMs : phase === 'down' ? downMs : upMs + downMs)
        for (const subject of subjects) {
          const walls = results[subject].map(wallOf)
          const wallMs = median(walls)
          const ratios = results.blobsync.map((ours, run) => wallOf(ours) / wallOf(results.loop[run] ?? ours))
          rows.push({
            bench: 'round-trip',
            shape,
            phase,
            subject,
            wallMs: Math.round(wallMs),
            spread: spreadOf(walls),
            ...(subject === 'blobsync' ? { ratio: rounded(median(ratios), 2), against: 'loop' } : {}),
            blobsPerSecond: Math.round((blobs / wallMs) * 1000),
            megabytesPerSecond: rounded((blobs * blobBytes) / wallMs / 1000, 1),
            peakRssMiB: Math.round(Math.max(...results[subject].map(({ peakRssMiB }) => peakRssMiB))),
          })
        }
      }
    }
  } finally {
    await server.close()
    await rm(root, { recursive: true, force: true })
  }
  return rows
}

const runOne = async (job: Job): Promise<Result> => {
  const child = fork(join(import.meta.dirname, 'round-trip-child.ts'), [JSON.stringify(job)])
  const results: Result[] = []
  child.on('message', (result: Result) => results.push(result))
  const [code] = await once(child, 'exit')
  const [result] = results
  if (code !== 0 || result === undefined) throw new Error(`${job.subject} ended with ${String(code)} on ${job.namespace}`)
  return result
}
