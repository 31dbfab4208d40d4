import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { deviceOf, line, payloadsOf } from './device.ts'
import type { Job, Result } from './versus.ts'

const given = process.argv[2]
if (given === undefined) throw new TypeError('This runs as a child of the bench.')
// The parent wrote it.
const job = JSON.parse(given) as Job
const payloads = payloadsOf(job)

/** Runs all of it. @returns the milliseconds of the transfers alone. */
const timed = async (prepare: () => Promise<void>, transfers: () => Promise<void>, end: () => Promise<void>) => {
  await prepare()
  const preparedMs = performance.now()
  await transfers()
  const wallMs = performance.now() - preparedMs
  await end()
  return wallMs
}

const ours = {
  up: () => {
    const { connectivity, open } = line()
    const blobs = deviceOf(job, 'a', { isAlone: job.subject === 'single', connectivity })
    return timed(
      async () => {
        await Promise.all(payloads.map(({ id, bytes }) => blobs.put(bytes, { id, namespace: job.namespace })))
      },
      async () => {
        open()
        const { waiting, held } = await blobs.sync()
        if (waiting.length + held.length > 0) throw new Error('Not everything was uploaded.')
      },
      blobs.close,
    )
  },
  down: () => {
    const blobs = deviceOf(job, 'b', { isAlone: job.subject === 'single' })
    return timed(
      () => blobs.ready,
      async () => {
        const { downloaded } = await blobs.sync()
        if (downloaded.length !== job.blobs) throw new Error(`Only ${downloaded.length} blobs arrived.`)
      },
      blobs.close,
    )
  },
}
for (const name of ['a', 'b']) mkdirSync(join(job.directory, name), { recursive: true })
const upMs = await ours.up()
const downMs = await ours.down()
process.send?.({ upMs, downMs, peakRssMiB: process.resourceUsage().maxRSS / 1024 } satisfies Result)
process.disconnect()
