import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'blobsync/server'
import type { Work } from './device.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

/** `single`: with a request for each blob. */
export type Subject = 'blobsync' | 'single'

/** What a subject's process is told, and what it answers. */
export interface Job extends Work {
  readonly subject: Subject
}
/** The time of the transfers alone, without what puts and opens. */
export interface Result {
  readonly upMs: number
  readonly downMs: number
  readonly peakRssMiB: number
}

export interface Shape {
  readonly shape: string
  readonly blobs: number
  readonly blobBytes: number
}

export interface Contest {
  readonly bench: string
  readonly against: Exclude<Subject, 'blobsync'>
  readonly shapes: readonly Shape[]
  readonly runs: number
}

/** Ours beside another subject: from device A through a server to device B, each run a cold process, in turns, against one server in this process. */
export const versus = async ({ bench, against, shapes, runs }: Contest): Promise<readonly Row[]> => {
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  const server = await serve({ root: join(root, 'server'), port: 0, accounts: [{ user: 'bench', token: 'bench' }] })
  const subjects: readonly Subject[] = ['blobsync', against]
  const rows: Row[] = []
  try {
    for (const { shape, blobs, blobBytes } of shapes) {
      const results = new Map<Subject, Result[]>(subjects.map((subject) => [subject, []]))
      for (let run = 0; run < runs; run += 1) {
        for (const subject of run % 2 === 0 ? subjects : subjects.toReversed()) {
          const namespace = `${shape}-${subject}-${run}`
          const directory = join(root, namespace)
          results.get(subject)?.push(await runOne({ subject, url: server.url, namespace, directory, blobs, blobBytes }))
          await rm(directory, { recursive: true })
        }
      }
      for (const phase of ['up', 'down', 'round'] as const)
        rows.push(...rowsOf({ bench, against, phase, shape, blobs, blobBytes }, results))
    }
  } finally {
    await server.close()
    await rm(root, { recursive: true, force: true })
  }
  return rows
}

interface Measured extends Shape {
  readonly bench: string
  readonly against: Subject
  readonly phase: 'up' | 'down' | 'round'
}

const rowsOf = (
  { bench, against, phase, shape, blobs, blobBytes }: Measured,
  results: ReadonlyMap<Subject, readonly Result[]>,
): readonly Row[] => {
  const wallOf = ({ upMs, downMs }: Result) => (phase === 'up' ? upMs : phase === 'down' ? downMs : upMs + downMs)
  const others = results.get(against) ?? []
  return [...results].map(([subject, runs]) => {
    const walls = runs.map(wallOf)
    const wallMs = median(walls)
    const ratios = runs.map((ours, run) => wallOf(ours) / wallOf(others[run] ?? ours))
    return {
      bench,
      shape,
      phase,
      subject,
      wallMs: Math.round(wallMs),
      spread: spreadOf(walls),
      ...(subject === 'blobsync' ? { ratio: rounded(median(ratios), 2), against } : {}),
      blobsPerSecond: Math.round((blobs / wallMs) * 1000),
      megabytesPerSecond: rounded((blobs * blobBytes) / wallMs / 1000, 1),
      peakRssMiB: Math.round(Math.max(...runs.map(({ peakRssMiB }) => peakRssMiB))),
    }
  })
}

const runOne = async (job: Job): Promise<Result> => {
  const child = fork(join(import.meta.dirname, 'versus-child.ts'), [JSON.stringify(job)])
  const results: Result[] = []
  child.on('message', (result: Result) => results.push(result))
  const [code] = await once(child, 'exit')
  const [result] = results
  if (code !== 0 || result === undefined) throw new Error(`${job.subject} ended with ${String(code)} on ${job.namespace}`)
  return result
}
