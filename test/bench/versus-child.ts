import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { deviceOf, line, payloadsOf, secret } from './device.ts'
import { loopDown, loopUp } from './loop.ts'
import type { Job, Result } from './versus.ts'

const given = process.argv[2]
if (given === undefined) throw new TypeError('This runs as a child of the bench.')
// The parent wrote it.
const job = JSON.parse(given) as Job
const payloads = payloadsOf(job)

/** Runs all of it. @returns the milliseconds of the whole, or of `transfers` alone. */
const timed = async (prepare: () => Promise<void>, transfers: () => Promise<void>, end: () => Promise<void>) => {
  const startMs = performance.now()
  await prepare()
  const preparedMs = performance.now()
  await transfers()
  const transferredMs = performance.now()
  await end()
  return job.isBare ? transferredMs - preparedMs : performance.now() - startMs
}

const ours = {
  up: () => {
    const { connectivity, open } = line(!job.isBare)
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
const nothing = async () => {}
const loop = {
  up: () => timed(nothing, () => loopUp({ ...job, secret, payloads, directory: join(job.directory, 'a') }), nothing),
  down: () => timed(nothing, () => loopDown({ ...job, secret, payloads, directory: join(job.directory, 'b') }), nothing),
}

for (const name of ['a', 'b']) mkdirSync(join(job.directory, name), { recursive: true })
const subject = job.subject === 'loop' ? loop : ours
const upMs = await subject.up()
const downMs = await subject.down()
process.send?.({ upMs, downMs, peakRssMiB: process.resourceUsage().maxRSS / 1024 } satisfies Result)
process.disconnect()
