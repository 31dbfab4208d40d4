import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { Upload, type UploadOptions } from 'tus-js-client'
import { serve } from '../../src/server/serve'
import { built, started } from './killing'
import { ANN, bytes, folder, serving } from './serving'

const CHUNK_BYTES = 1_000_000
const content = Buffer.from(bytes(6_300_000, 4))

const promised = () => {
  let resolve = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** tus-js-client's upload of the content, as an app would make it. */
const upload = (url: string, options: Partial<UploadOptions> = {}) => {
  const done = promised()
  const it = new Upload(content, {
    endpoint: `${url}/uploads/ann/`,
    headers: { Authorization: ANN },
    metadata: { namespace: 'default', id: 'a' },
    chunkSize: CHUNK_BYTES,
    retryDelays: [0, 50, 100, 200, 400, 800, 1600, 3200],
    onSuccess: () => done.resolve(),
    onError: done.reject,
    ...options,
  })
  return { it, done: done.promise }
}

const fetched = async (url: string) =>
  Buffer.from(await (await fetch(`${url}/blobs/ann/a`, { headers: { authorization: ANN } })).arrayBuffer())

test.each([
  ['in chunks', CHUNK_BYTES],
  ['in one request', Number.POSITIVE_INFINITY],
])('tus-js-client uploads a blob %s', async (_name, chunkSize) => {
  const { server } = await serving()
  const { it, done } = upload(server.url, { chunkSize })
  it.start()
  await done
  expect(Buffer.compare(await fetched(server.url), content)).toBe(0)
})

test('tus-js-client goes on where it was aborted, from another process that only knows the address', async () => {
  const { server, lines } = await serving()
  const accepted = promised()
  const first = upload(server.url, {
    onChunkComplete: (_size, bytesAccepted) => {
      if (bytesAccepted >= 3 * CHUNK_BYTES) accepted.resolve()
    },
  })
  first.it.start()
  await accepted.promise
  await first.it.abort()
  const uploadUrl = first.it.url
  expect(uploadUrl).toContain(`${server.url}/uploads/ann/`)

  const { it, done } = upload(server.url, { uploadUrl })
  it.start()
  await done
  expect(Buffer.compare(await fetched(server.url), content)).toBe(0)
  const sent = lines.filter((line) => line.startsWith('PATCH')).map((line) => Number(line.split(' ')[3]))
  // What the abort cut is all that may have come twice.
  expect(sent.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(content.length + CHUNK_BYTES)
})

test('tus-js-client ends an upload that it gives up', async () => {
  const { server, call } = await serving({ quotaBytes: content.length })
  const accepted = promised()
  const { it } = upload(server.url, { onChunkComplete: () => accepted.resolve() })
  it.start()
  await accepted.promise
  await it.abort(true)
  expect((await call('/blobs/ann/b', { method: 'PUT', body: bytes(100_000) })).status).toBe(200)
})

test('tus-js-client is told that a blob exists, and why it may not', async () => {
  const { server, call } = await serving()
  await call('/blobs/ann/a', { method: 'PUT', body: bytes(100) })
  for (const [headers, status] of [
    [{ Authorization: ANN }, 409],
    [{ Authorization: 'Token YW5uOndyb25n' }, 401],
  ] as const) {
    const { it, done } = upload(server.url, { headers, retryDelays: [] })
    it.start()
    await expect(done).rejects.toMatchObject({ originalResponse: expect.anything() })
    await done.catch((error: { originalResponse: { getStatus: () => number } }) =>
      expect(error.originalResponse.getStatus()).toBe(status),
    )
  }
})

test('tus-js-client retries while the server is stopped and started again', async () => {
  const root = await folder()
  const accounts = [{ user: 'ann', token: 'secret' }]
  let server = await serve({ root, port: 0, accounts, stopMs: 50 })
  const { port, url } = server
  onTestFinished(() => server.close())
  let restarts = 0
  const restart = async () => {
    await server.close()
    server = await serve({ root, port, accounts, stopMs: 50 })
    restarts += 1
  }
  let restarting = Promise.resolve()
  const { it, done } = upload(url, {
    onChunkComplete: (_size, accepted) => {
      if ([2, 4, 5].includes(accepted / CHUNK_BYTES)) restarting = restarting.then(restart)
    },
  })
  it.start()
  await done
  await restarting
  expect(restarts).toBe(3)
  expect(Buffer.compare(await fetched(url), content)).toBe(0)
})

test(
  'tus-js-client retries while the server is killed, in the middle of one request for all of it',
  { timeout: 60_000 },
  async () => {
    const root = await folder()
    const file = await built()
    let { child, url } = await started(file, root)
    const port = Number(new URL(url).port)
    let kills = 0
    let reviving = Promise.resolve()
    const { it, done } = upload(url, {
      chunkSize: Number.POSITIVE_INFINITY,
      onProgress: (sent) => {
        if (kills >= 2 || sent === 0) return
        kills += 1
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        reviving = reviving.then(async () => {
          await exited
          ;({ child, url } = await started(file, root, { port }))
        })
      },
    })
    it.start()
    await done
    await reviving
    expect(kills).toBe(2)
    expect(Buffer.compare(await fetched(url), content)).toBe(0)
  },
)
