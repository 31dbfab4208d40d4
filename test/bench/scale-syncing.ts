import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createBlobSync } from 'blobsync'
import { fileStore } from 'blobsync/store/file'
import { memoryStore } from 'blobsync/store/memory'
import { cipher, filledServer, timed } from './filled-server.ts'
import type { BenchOptions } from './main.ts'
import { median, rounded, spreadOf, type Row } from './rows.ts'

const IDLE_RUNS = 15
const CHANGED_RUNS = 5
const CHANGES = 100

/** How long a sync takes in which nothing has changed, and one in which 100 blobs have, by what both sides hold already; device and server in one process. */
export const syncing = async ({ isShort }: BenchOptions): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for (const blobs of isShort ? [100, 1000] : [100, 1000, 10_000, 100_000, 1_000_000]) rows.push(...(await at(blobs)))
  return rows
}

const at = async (blobs: number): Promise<readonly Row[]> => {
  const server = await filledServer()
  try {
    const store = fileStore(join(server.root, 'device'))
    await server.fill(blobs, async (records) => {
      const kept = await store.remember(records)()
      if (kept._tag === 'Left') throw new Error(kept.left.message)
    })
    const other = createBlobSync({ store: memoryStore(), remote: server.remoteOf(), cipher, download: 'onDemand', live: false })
    const device = createBlobSync({ store, remote: server.remoteOf(), cipher, live: false })
    await device.sync()
    const idle: number[] = []
    for (let run = 0; run < IDLE_RUNS; run += 1) idle.push(await timed(() => device.sync()))
    const changed: number[] = []
    for (let run = 0; run < CHANGED_RUNS; run += 1) {
      await Promise.all(Array.from({ length: CHANGES }, (_, n) => other.put(randomBytes(1000), { id: `c${run}-${n}` })))
      await other.idle()
      changed.push(
        await timed(async () => {
          const { downloaded } = await device.sync()
          if (downloaded.length !== CHANGES) throw new Error(`${downloaded.length} of ${CHANGES} changes arrived`)
        }),
      )
    }
    await device.close()
    await other.close()
    const row = (phase: string, walls: readonly number[]): Row => ({
      bench: 'scale',
      shape: `${blobs} at rest`,
      phase,
      subject: 'blobsync',
      blobs,
      wallMs: rounded(median(walls), 1),
      spread: spreadOf(walls),
    })
    return [row('idle', idle), row('changes', changed)]
  } finally {
    await server.close()
  }
}
