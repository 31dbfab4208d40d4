import { createBlobSync } from 'blobsync'
import { soledadCipher } from 'blobsync/cipher/soledad'
import { memoryRemote } from 'blobsync/remote/memory'
import { memoryStore } from 'blobsync/store/memory'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

const BLOB_BYTES = 16

const WARM_UP_BLOBS = 5000

/** What the machinery costs: charts, slots, records, with everything else in memory and blobs of a few bytes. */
export const actors = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const counts = isShort ? [1000, 20_000] : [1000, 20_000, 200_000]
  const results = new Map(counts.map((count) => [count, { wallMs: [] as number[], cpuUs: [] as number[] }]))
  // What the compiler costs is the same for any number, and would hide what each blob does.
  await putAndUpload(WARM_UP_BLOBS)
  for (let run = 0; run < (isShort ? 1 : 3); run += 1) {
    for (const [count, { wallMs, cpuUs }] of results) {
      const startMs = performance.now()
      const cpu = process.cpuUsage()
      await putAndUpload(count)
      const { user, system } = process.cpuUsage(cpu)
      wallMs.push(performance.now() - startMs)
      cpuUs.push((user + system) / count)
    }
  }
  const small = median(results.get(1000)?.cpuUs ?? [])
  return [...results].map(([count, { wallMs, cpuUs }]) => ({
    bench: 'actors',
    shape: `${count}x${BLOB_BYTES}B`,
    phase: 'up',
    subject: 'blobsync',
    blobs: count,
    wallMs: Math.round(median(wallMs)),
    spread: spreadOf(wallMs),
    ...(count === 1000 ? {} : { ratio: rounded(median(cpuUs) / small, 2), against: 'the same per blob at 1000' }),
    blobsPerSecond: Math.round((count / median(wallMs)) * 1000),
    cpuMicrosecondsPerBlob: Math.round(median(cpuUs)),
  }))
}

const putAndUpload = async (count: number): Promise<void> => {
  const timers = new Set<unknown>()
  const clock = {
    now: () => Date.now(),
    setTimeout: (run: () => void, delayMs: number) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, delayMs)
      timers.add(timer)
      return timer
    },
    clearTimeout: (timer: unknown) => {
      timers.delete(timer)
      clearTimeout(timer as NodeJS.Timeout)
    },
  }
  const store = memoryStore()
  const blobs = createBlobSync({ store, remote: memoryRemote(), cipher: soledadCipher(new Uint8Array(96).fill(1)), clock })
  for (let index = 0; index < count; index += 1) {
    await blobs.put(new TextEncoder().encode(String(index).padStart(BLOB_BYTES, '0')), { id: `b${index}` })
  }
  await blobs.idle()
  const { counts } = blobs.getSnapshot()
  const actorsLeft = blobs.actor.getSnapshot().context.actors.size
  if (counts.SYNCED !== count || actorsLeft > 0 || timers.size > 0) {
    throw new Error(`${counts.SYNCED} of ${count} synced; ${actorsLeft} actors and ${timers.size} timers left behind`)
  }
  await blobs.close()
}
