import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createBlobSync } from 'blobsync'
import { httpRemote } from 'blobsync/remote/http'
import { memoryStore, newMemory } from 'blobsync/store/memory'
import { cipher, filledServer, namespace, timed } from './filled-server.ts'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

const RUNS = 15

/** What it costs to stay the same: a sync in which nothing changed, one of 100 changes, a put until another device has it, and a list of a million ids. */
export const feed = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const counts = isShort ? [1000] : [1000, 20_000, 100_000]
  const rows: Row[] = []
  for (const count of counts) rows.push(...(await at(count)))
  const [first] = rows
  return [
    ...rows.map((row) =>
      row.phase === 'idle sync' && first !== undefined && row !== first
        ? { ...row, ratio: rounded(row.wallMs / first.wallMs, 2), against: `the same with ${counts[0]} blobs` }
        : row,
    ),
    await longList(isShort ? 100_000 : 1_000_000),
  ]
}

const at = async (count: number): Promise<readonly Row[]> => {
  const lines: string[] = []
  const server = await filledServer((line) => void lines.push(line))
  const { remoteOf } = server
  const memory = newMemory()
  await server.fill(count, (records) => {
    for (const record of records) memory.records.set(`${namespace}/${record.id}`, record)
  })
  const a = createBlobSync({ store: memoryStore(), remote: remoteOf(), cipher, download: 'onDemand' })
  const b = createBlobSync({ store: memoryStore(memory), remote: remoteOf(), cipher, live: false })
  const row = (phase: string, walls: readonly number[], more: Partial<Row> = {}): Row => ({
    bench: 'feed',
    shape: `${count} blobs`,
    phase,
    subject: 'blobsync',
    wallMs: rounded(median(walls), 1),
    spread: spreadOf(walls),
    ...more,
  })
  try {
    await b.sync()
    const idle: number[] = []
    const before = lines.length
    for (let run = 0; run < RUNS; run += 1) idle.push(await timed(() => b.sync()))
    const requests = (lines.length - before) / RUNS
    const changed: number[] = []
    for (let run = 0; run < 5; run += 1) {
      for (let n = 0; n < 100; n += 1) await a.put(randomBytes(1000), { id: `c${count}-${run}-${n}` })
      await a.idle()
      changed.push(await timed(() => b.sync()))
    }
    await a.sync()
    const live = createBlobSync({ store: memoryStore(memory), remote: remoteOf(), cipher })
    await b.close()
    await live.sync()
    const arrivals: number[] = []
    for (let run = 0; run < 5; run += 1) {
      const id = `live${run}`
      arrivals.push(
        await timed(async () => {
          const arrived = new Promise<void>((resolve) => {
            const stop = live.blob(id).subscribe(({ isHere }) => {
              if (isHere) queueMicrotask(() => (stop(), resolve()))
            })
          })
          await a.put(randomBytes(1000), { id })
          await arrived
        }),
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const quiet = lines.length
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const verified = await timed(() => live.verify())
    const quietRequests = lines.length - quiet
    await live.close()
    return [
      row('idle sync', idle, { requests }),
      row('sync of 100 changes', changed),
      row('put until another device has it', arrivals),
      // Of these 5 seconds nothing is asked; the two are those of verify.
      row('5 s in which nothing changes, and verify', [verified], { requests: quietRequests }),
    ]
  } finally {
    await a.close()
    await server.close()
  }
}

/** A list as an original Soledad sends it, and how long it keeps everything else waiting. */
const longList = async (count: number): Promise<Row> => {
  const server = createServer((request, response) => {
    if (request.url?.includes('deleted') === true) return void response.end('[]')
    let next = 0
    const send = () => {
      const end = Math.min(count, next + 500)
      let text = next === 0 ? '[' : ''
      for (; next < end; next += 1) text += `${next === 0 ? '' : ', '}"${next.toString(16).padStart(32, '0')}"`
      if (next < count) response.write(text, () => setImmediate(send))
      else response.end(`${text}]`)
    }
    send()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const remote = httpRemote({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, user: 'ann', token: 't' })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const beforeBytes = process.memoryUsage().heapUsed
  let peakBytes = 0
  const sampling = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage().heapUsed)), 5)
  delay.enable()
  let listed = 0
  const wallMs = await timed(async () => {
    const page = await remote.list({ namespace })()
    listed = page._tag === 'Right' ? page.right.entries.length : 0
  })
  delay.disable()
  clearInterval(sampling)
  server.close()
  if (listed !== count) throw new Error(`${listed} of ${count} ids came`)
  return {
    bench: 'feed',
    shape: `${count} ids`,
    phase: 'whole list',
    subject: 'blobsync',
    wallMs: Math.round(wallMs),
    spread: spreadOf([wallMs]),
    heapMiB: Math.round((peakBytes - beforeBytes) / 2 ** 20),
    longestBlockMs: Math.round(delay.max / 1e6),
  }
}
