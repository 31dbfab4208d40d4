import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bigPages } from './big-pages.ts'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

/** `pipeline`: a stream, the same cipher, `fetch` and the same syncs, written by hand. */
export type Subject = 'blobsync' | 'pipeline'

/** What one process does: it serves, sends a file, or fetches what was sent. */
export interface Job {
  readonly role: 'serve' | 'send' | 'fetch'
  readonly subject: Subject
  readonly directory: string
  /** The server's; empty for itself. */
  readonly url: string
  readonly source: string
}

/** What it took, and the content that is on its disk now. */
export interface Result {
  readonly wallMs: number
  readonly peakRssMiB: number
  readonly sha256: string
}

const MIB = 2 ** 20

/**
 * One big blob from device A through a server to device B, each a process of its own, beside a pipeline written by hand, in turns.
 * `extraRssMiB` is how much larger the peak of a process is than with a blob of 1 MiB.
 */
export const big = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const sizeBytes = (isShort ? 128 : 1024) * MIB
  const shape = isShort ? '1x128MiB' : '1x1GiB'
  const runs = isShort ? 1 : 5
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  try {
    const small = await contentIn(join(root, 'small'), MIB)
    const large = await contentIn(join(root, 'large'), sizeBytes)
    const least = { blobsync: await trip(root, 'blobsync', small), pipeline: await trip(root, 'pipeline', small) }
    const trips: Record<Subject, Trip[]> = { blobsync: [], pipeline: [] }
    for (let run = 0; run < runs; run += 1)
      for (const subject of run % 2 === 0 ? SUBJECTS : SUBJECTS.toReversed())
        trips[subject].push(await trip(root, subject, large))
    return SUBJECTS.flatMap((subject) =>
      PHASES.map((phase) => rowOf({ shape, sizeBytes, subject, phase }, trips, least[subject])),
    ).concat(await bigPages({ small: small.source, large: large.source, shape, sizeBytes }))
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

const SUBJECTS: readonly Subject[] = ['blobsync', 'pipeline']
/** `up` is device A, `down` device B, `round` both, and what the server took for them. */
const PHASES = ['up', 'down', 'round'] as const
type Phase = (typeof PHASES)[number]
type Trip = Readonly<Record<Phase, { readonly wallMs: number; readonly peakRssMiB: number }>>

interface Measured {
  readonly shape: string
  readonly sizeBytes: number
  readonly subject: Subject
  readonly phase: Phase
}

const rowOf = (
  { shape, sizeBytes, subject, phase }: Measured,
  trips: Readonly<Record<Subject, readonly Trip[]>>,
  least: Trip,
): Row => {
  const wallsOf = (each: Subject) => trips[each].map((one) => one[phase].wallMs)
  const walls = wallsOf(subject)
  const others = wallsOf('pipeline')
  const wallMs = median(walls)
  const peakRssMiB = Math.max(...trips[subject].map((one) => one[phase].peakRssMiB))
  return {
    bench: 'big',
    shape,
    phase,
    subject,
    wallMs: Math.round(wallMs),
    spread: spreadOf(walls),
    ...(subject === 'blobsync'
      ? { ratio: rounded(median(walls.map((wall, run) => wall / (others[run] ?? wall))), 2), against: 'pipeline' }
      : {}),
    megabytesPerSecond: rounded(sizeBytes / wallMs / 1000, 1),
    process: { up: 'client A', down: 'client B', round: 'server' }[phase],
    peakRssMiB: Math.round(peakRssMiB),
    ...(subject === 'blobsync' ? { extraRssMiB: Math.round(peakRssMiB - least[phase].peakRssMiB) } : {}),
  }
}

interface Content {
  readonly source: string
  readonly sha256: string
}

/** Writes bytes that nothing can make smaller. */
const contentIn = async (source: string, sizeBytes: number): Promise<Content> => {
  const file = await open(source, 'w')
  const hash = createHash('sha256')
  for (let at = 0; at < sizeBytes; at += MIB) {
    const block = randomBytes(MIB)
    hash.update(block)
    await file.writeFile(block)
  }
  await file.sync()
  await file.close()
  return { source, sha256: hash.digest('hex') }
}

const trip = async (root: string, subject: Subject, { source, sha256 }: Content): Promise<Trip> => {
  const directory = await mkdtemp(join(root, `${subject}-`))
  const job = { subject, directory, source }
  const serving = started({ ...job, role: 'serve', url: '' })
  try {
    const [url] = await once(serving.child, 'message')
    const send = await started({ ...job, role: 'send', url: String(url) }).result
    const fetched = await started({ ...job, role: 'fetch', url: String(url) }).result
    if (fetched.sha256 !== sha256) throw new Error('What came down is not what went up.')
    serving.child.send('stop')
    const { peakRssMiB } = await serving.result
    return { up: send, down: fetched, round: { wallMs: send.wallMs + fetched.wallMs, peakRssMiB } }
  } finally {
    serving.child.kill()
    await rm(directory, { recursive: true, force: true })
  }
}

/** A process of its own. Its last message is its result. */
const started = (job: Job) => {
  const child = fork(join(import.meta.dirname, 'big-child.ts'), [JSON.stringify(job)])
  const results: Result[] = []
  child.on('message', (told: Result | string) => {
    if (typeof told !== 'string') results.push(told)
  })
  const result = once(child, 'exit').then(([code]) => {
    const [one] = results
    if (code !== 0 || one === undefined) throw new Error(`${job.subject} ended with ${String(code)} as it was to ${job.role}.`)
    return one
  })
  // The server's is waited for at the end only.
  result.catch(() => {})
  return { child, result }
}
