import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cpuMs, forgetPeak, peakRssMiB } from '../usage.ts'
import { digestOf, filesIn } from './digest.ts'
import { nameOf, type Leg, type Peer, type Server, type Spent, type Wire, type Work } from './peer.ts'
import type { Shape } from './shapes.ts'
import { countingProxy } from './wire.ts'

/** What one leg took, of both sides. */
export interface Trip extends Spent {
  readonly serverCpuMs: number
  readonly serverPeakRssMiB: number
  readonly wire: Wire | null
}

/** What one peer took, run by run. */
export interface Contender {
  readonly peer: Peer
  readonly trips: readonly Readonly<Partial<Record<Leg, Trip>>>[]
}

/** All peers in one shape: the same bytes, in turns, each leg a cold process. A peer that fails is told of and has no result. */
export const contest = async (root: string, peers: readonly Peer[], shape: Shape): Promise<readonly Contender[]> => {
  const content = await contentIn(join(root, 'source'), shape)
  const warming = await contentIn(join(root, 'warming'), { blobs: 100, blobBytes: 10_000 })
  const running: { peer: Peer; server: Server; root: string; trips: Contender['trips'][number][] }[] = []
  const failed = new Set<Peer>()
  const attempt = async (peer: Peer, work: () => Promise<void>) => {
    if (failed.has(peer)) return
    try {
      await work()
    } catch (error) {
      failed.add(peer)
      process.stderr.write(`failed: ${nameOf(peer)} in ${shape.shape}: ${String(error)}\n`)
    }
  }
  try {
    process.stderr.write(`${shape.shape}: ${shape.runs} ${shape.runs === 1 ? 'run' : 'runs'}\n`)
    for (const { subject } of peers.filter((each) => !fits(each, shape)))
      process.stderr.write(`left out: ${subject} in ${shape.shape}: it takes no blobs as large as that\n`)
    for (const [index, peer] of peers.filter((each) => fits(each, shape)).entries())
      await attempt(peer, async () => {
        const serverRoot = join(root, `server-${index}`)
        const server = await peer.serve(serverRoot)
        const one = { peer, server, root: serverRoot, trips: [] }
        running.push(one)
        // A server runs for long, so that its code is warm; a client is not.
        await trip(one, warming, { root, namespace: `warming-${index}`, isKept: true })
      })
    for (let run = 0; run < shape.runs; run += 1)
      for (const [index, one] of turned([...running.entries()], run))
        await attempt(one.peer, async () => {
          const spent = await trip(one, content, { root, namespace: `run-${run}-${index}`, isKept: isSmall(shape) })
          one.trips.push(spent)
        })
    for (const [index, one] of running.entries())
      if (one.server.wire === null)
        await attempt(one.peer, async () => {
          const counted = await countedTrip(one, content, { root, namespace: `counted-${index}`, isKept: false })
          one.trips = one.trips.map((legs) => withWires(legs, counted))
        })
  } finally {
    for (const { server } of running) await server.stop()
    await rm(root, { recursive: true, force: true })
  }
  return running.filter(({ peer }) => !failed.has(peer)).map(({ peer, trips }) => ({ peer, trips }))
}

const fits = ({ blobBytesMax = Infinity }: Peer, { blobBytes }: Shape) => blobBytes <= blobBytesMax

/** Begins with another one each time, and every other time goes backwards. */
const turned = <A>(all: readonly A[], run: number): readonly A[] => {
  const from = run % Math.max(all.length, 1)
  const rotated = [...all.slice(from), ...all.slice(0, from)]
  return run % 2 === 0 ? rotated : rotated.toReversed()
}

interface Content {
  readonly source: string
  readonly blobs: number
  readonly blobBytes: number
  readonly digest: string
}

/** Bytes that nothing can make smaller, as files on device A. */
const contentIn = async (source: string, { blobs, blobBytes }: Omit<Shape, 'shape' | 'runs'>): Promise<Content> => {
  await mkdir(source, { recursive: true })
  for (let index = 0; index < blobs; index += 1) {
    const file = await open(join(source, `blob-${String(index).padStart(6, '0')}`), 'w')
    for (let at = 0; at < blobBytes; at += PIECE_BYTES) await file.writeFile(randomBytes(Math.min(PIECE_BYTES, blobBytes - at)))
    await file.close()
  }
  return { source, blobs, blobBytes, digest: await digestOf(filesIn(source)) }
}

const PIECE_BYTES = 10_000_000

/** Many small files that go slow down the syncs of whoever comes next, large ones fill the disk. */
const isSmall = ({ blobs, blobBytes }: Shape) => blobs * blobBytes < 100_000_000

interface Place {
  readonly root: string
  readonly namespace: string
  readonly isKept: boolean
}

const trip = async (
  { peer, server, root: serverRoot }: { readonly peer: Peer; readonly server: Server; readonly root: string },
  { source, blobs, blobBytes, digest }: Content,
  { root, namespace, isKept }: Place,
): Promise<Readonly<Partial<Record<Leg, Trip>>>> => {
  const legs: Partial<Record<Leg, Trip>> = {}
  for (const leg of peer.legs) {
    const directory = join(root, `${namespace}-${leg}`)
    const work: Work = { leg, url: server.url, serverRoot, namespace, source, directory, blobs, blobBytes }
    // What others wrote is not to be waited for by this one.
    await promisify(execFile)('sync')
    legs[leg] = await measured(peer, server, work)
    if (legs[leg].digest !== null && legs[leg].digest !== digest) throw new Error(`What went ${leg} is not what it was.`)
    if (!isKept) await rm(directory, { recursive: true })
  }
  return legs
}

const measured = async (peer: Peer, server: Server, work: Work): Promise<Trip> => {
  forgetPeak(server.pid)
  const cpuBefore = cpuMs(server.pid)
  const before = await server.wire?.()
  const spent = await peer.client(work)
  const after = await server.wire?.()
  return {
    ...spent,
    serverCpuMs: cpuMs(server.pid) - cpuBefore,
    serverPeakRssMiB: peakRssMiB(server.pid),
    wire: before === undefined || after === undefined ? null : difference(before, after),
  }
}

const difference = (before: Wire, after: Wire): Wire => ({
  requests: after.requests === null || before.requests === null ? null : after.requests - before.requests,
  bytes: after.bytes - before.bytes,
})

/** Once more, for the bytes alone. */
const countedTrip = async (one: Parameters<typeof trip>[0], content: Content, place: Place) => {
  const { hostname: host, port, protocol } = new URL(one.server.url)
  const proxy = await countingProxy({ host, port: Number(port) })
  try {
    return await trip(
      { ...one, server: { ...one.server, url: `${protocol}//${host}:${proxy.port}`, wire: proxy.wire } },
      content,
      place,
    )
  } finally {
    proxy.close()
  }
}

const withWires = (legs: Readonly<Partial<Record<Leg, Trip>>>, counted: Readonly<Partial<Record<Leg, Trip>>>) =>
  Object.fromEntries(Object.entries(legs).map(([leg, spent]) => [leg, { ...spent, wire: counted[leg as Leg]?.wire ?? null }]))
