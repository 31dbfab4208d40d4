import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createBlobSync,
  httpRemote,
  memoryRemote,
  memoryStore,
  soledadCipher,
  type BlobSync,
  type Remote,
} from '../../src/browser'
import { noise } from '../../src/testing/cipher-bytes'
import { started } from './started'

const secret = noise(512)

const device = (remote: Remote): BlobSync => {
  const blobs = createBlobSync({ store: memoryStore(), remote, cipher: soledadCipher(secret) })
  onTestFinished(() => blobs.close())
  return blobs
}

const bytesOf = async (blobs: BlobSync, id: string) => new Uint8Array(await (await blobs.get(id)).arrayBuffer())

/** Two remotes that are one place, for two devices. */
const memories = async () => {
  const remote = memoryRemote()
  return () => remote
}
const served = async () => {
  const url = await started()
  return () => httpRemote({ url, user: 'ada', token: 'secret' })
}

describe.each([
  // A memory gives a large blob in many parts; how many of them come over a line is up to the line.
  ['memory', memories, 4],
  ['the reference server', served, 1],
] as const)('two devices in a browser, over %s', (_, place, toldAtLeast) => {
  test('hold the same after what one put, deleted and put again', async () => {
    const remote = await place()
    const [a, b] = [device(remote()), device(remote())]
    await a.put(noise(3_000_000), { id: 'large' })
    await a.put(new File(['a file'], 'a.txt'), { id: 'file' })
    await a.put(new Blob(['a stream']).stream(), { id: 'stream' })
    const { id: named } = await a.put(new TextEncoder().encode('content'), { id: 'content' })
    const report = await a.sync()
    expect(report.uploaded.length + report.downloaded.length).toBeLessThanOrEqual(4)
    expect(a.getSnapshot().counts.SYNCED).toBe(4)

    await b.sync()
    expect(
      b
        .list()
        .map(({ id, status, isHere }) => `${id} ${status} ${isHere}`)
        .toSorted(),
    ).toEqual(['large', 'file', 'stream', named].map((id) => `${id} SYNCED true`).toSorted())
    expect(await bytesOf(b, 'large')).toEqual(noise(3_000_000))
    expect(await (await b.get('file')).text()).toBe('a file')
    expect(await (await b.get('stream')).text()).toBe('a stream')
    expect(await (await b.get(named)).text()).toBe('content')

    await b.delete('large')
    await b.sync()
    await a.sync()
    expect(a.list().map(({ id }) => id)).not.toContain('large')
    await expect(a.get('large')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
  })

  test('a hundred small blobs arrive as they were', async () => {
    const remote = await place()
    const [a, b] = [device(remote()), device(remote())]
    const ids = Array.from({ length: 100 }, (_each, n) => `small-${n}`)
    await Promise.all(ids.map((id) => a.put(new TextEncoder().encode(id), { id })))
    await a.sync()
    await b.sync()
    expect(b.getSnapshot().counts.SYNCED).toBe(100)
    for (const id of ids) expect(await (await b.get(id)).text()).toBe(id)
  })

  test('a blob is fetched at once when it is asked for, without a sync, and its progress is told on the way', async () => {
    const remote = await place()
    const [a, b] = [device(remote()), device(remote())]
    await a.put(noise(2_000_000), { id: 'x' })
    await a.sync()
    const told: number[] = []
    b.blob('x').subscribe(({ progress }) => void (progress === null || told.push(progress.bytes)))
    expect(await bytesOf(b, 'x')).toEqual(noise(2_000_000))
    expect(told.length).toBeGreaterThanOrEqual(toldAtLeast)
    expect(told).toEqual(told.toSorted((left, right) => left - right))
    expect(told.at(-1)).toBe(2_000_753)
  })
})

test('a server that was not told of the page is out of reach, and nothing is lost', async () => {
  const blobs = device(httpRemote({ url: await started('/for-others'), user: 'ada', token: 'secret' }))
  await blobs.put(new TextEncoder().encode('kept'), { id: 'x' })
  await blobs.sync({ wait: false })
  expect(blobs.blob('x').getSnapshot()).toMatchObject({ status: 'PENDING_UPLOAD', lastFailure: { _tag: 'Unreachable' } })
  expect(blobs.explain('x').at(-1)?.text).toContain(`it lets no page of ${location.origin} in`)
  expect(await (await blobs.get('x')).text()).toBe('kept')
})
