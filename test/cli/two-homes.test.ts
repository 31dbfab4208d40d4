import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { rewritePayload } from '../../src/server/index'
import { blobsync, playground, start, startServer } from './processes'

const LIMIT_MS = 90_000

vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS })

let ground: Awaited<ReturnType<typeof playground>>
beforeEach(async () => {
  ground = await playground()
})
afterEach(() => ground.clear())

const device = (name: string, url: string) => ({
  BLOBSYNC_HOME: ground.path(name),
  BLOBSYNC_SECRET_FILE: ground.path('secret.hex'),
  BLOBSYNC_REMOTE: url,
  BLOBSYNC_USER: 'ann',
  BLOBSYNC_TOKEN: 's3cret',
})

const putFile = async (environment: Record<string, string>, name: string, content: string | Uint8Array) => {
  await writeFile(ground.path(name), content)
  const { stdout, code, stderr } = await blobsync(['put', ground.path(name), '--json'], environment)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return (JSON.parse(stdout) as { id: string }).id
}

const statusOf = async (environment: Record<string, string>, id: string) => {
  const { stdout } = await blobsync(['ls', '--json'], environment)
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { id: string; status: string })
  return rows.find((row) => row.id === id)?.status
}

test('a sync waits for a server that is down and says why, comes through when it is back, and a deletion reaches the other home', async () => {
  const first = await startServer(ground.path('server'))
  const a = device('a', first.url)
  const b = device('b', first.url)
  expect((await first.stop()).code).toBe(0)
  const id = await putFile(a, 'größe 1.txt', 'put while the server is down')

  expect((await blobsync(['explain', id], a)).stdout).toMatch(/No sync runs/)

  const waiting = start('main', ['sync'], a)
  expect(await waiting.line(/^waiting: .*blob/)).toMatch(/unreach|refused|reach/i)
  const { stdout: explained } = await blobsync(['explain', id], a)
  expect(explained).toMatch(/PENDING_UPLOAD/)
  expect(explained).toMatch(/The last attempt failed/)
  expect(explained).not.toMatch(/No sync runs/)
  expect((await blobsync(['put', ground.path('größe 1.txt')], a)).stderr).toMatch(/held by process \d+/)

  const second = await startServer(ground.path('server'), first.port)
  expect(await waiting.end).toMatchObject({ code: 0, stdout: expect.stringContaining('1 uploaded') })

  expect(await blobsync(['sync'], b)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 downloaded') })
  expect((await blobsync(['get', id], b)).stdout).toBe('put while the server is down\n')

  expect(await blobsync(['rm', id], b)).toMatchObject({ code: 0 })
  expect(await blobsync(['sync'], b)).toMatchObject({ code: 0 })
  expect(await blobsync(['sync'], a)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 trashed') })
  expect(await statusOf(a, id)).toBeUndefined()
  expect((await blobsync(['get', id], a)).code).toBe(1)
  await second.stop()
})

test('a blob with one flipped byte on the server is refused by get, writes no file, and comes after repair and retry', async () => {
  const server = await startServer(ground.path('server'))
  const a = device('a', server.url)
  const b = device('b', server.url)
  const content = 'x'.repeat(200_000)
  const id = await putFile(a, 'x.txt', content)
  expect(await blobsync(['sync'], a)).toMatchObject({ code: 0 })
  const flip = () =>
    rewritePayload(ground.path('server'), { user: 'ann', namespace: 'default', id }, (bytes) =>
      bytes.map((byte, index) => (index === 100_000 ? byte ^ 1 : byte)),
    )
  expect(await flip()).toBe(true)

  const refused = await blobsync(['get', id, '-o', ground.path('out.txt')], b)
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('did not verify') })
  expect((await readdir(ground.path('.'))).filter((name) => name.includes('out'))).toEqual([])
  expect(await statusOf(b, id)).toBe('FAILED_DOWNLOAD')
  expect((await blobsync(['explain', id], b)).stdout).toMatch(/did not verify/)
  expect((await blobsync(['sync'], b)).code).toBe(2)
  expect((await blobsync(['get', id], b)).code).toBe(2)

  expect(await flip()).toBe(true)
  expect(await blobsync(['retry', id], b)).toMatchObject({ code: 0, stdout: expect.stringContaining('PENDING_DOWNLOAD') })
  expect(await statusOf(b, id)).toBe('PENDING_DOWNLOAD')
  expect(await blobsync(['get', id, '-o', ground.path('out.txt')], b)).toMatchObject({ code: 0, stderr: '' })
  expect(await readFile(ground.path('out.txt'), 'utf8')).toBe(content)
  expect(await statusOf(b, id)).toBe('SYNCED')
  await server.stop()
})

test('a sync on demand fetches nothing and is well, get fetches one, and a plain sync the rest', async () => {
  const server = await startServer(ground.path('server'))
  const a = device('a', server.url)
  const b = device('b', server.url)
  const id = await putFile(a, 'a.txt', 'a')
  const other = await putFile(a, 'b.txt', 'b')
  expect(await blobsync(['sync'], a)).toMatchObject({ code: 0 })
  expect(await blobsync(['sync', '--on-demand'], b)).toMatchObject({ code: 0, stdout: expect.stringContaining('0 downloaded') })
  expect((await blobsync(['explain', id], b)).stdout).toMatch(/asked for/)
  expect((await blobsync(['get', id], b)).stdout).toBe('a\n')
  expect(await statusOf(b, id)).toBe('SYNCED')
  expect(await statusOf(b, other)).toBe('PENDING_DOWNLOAD')
  expect(await blobsync(['sync'], b)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 downloaded') })
  await server.stop()
})

test('a sync that waits ends with 130 at Ctrl-C and leaves the home free', async () => {
  const server = await startServer(ground.path('server'))
  await server.stop()
  const a = device('a', server.url)
  await putFile(a, 'a.txt', 'a')
  const waiting = start('main', ['sync'], a)
  await waiting.line(/^waiting: /)
  waiting.signal('SIGINT')
  expect((await waiting.end).code).toBe(130)
  expect(await blobsync(['sync', '--no-wait'], a)).toMatchObject({ code: 2 })
  expect((await stat(ground.path('secret.hex'))).mode & 0o777).toBe(0o600)
})

/** How the server's copy of a blob begins: of streaming blobs with the length of their header, of Soledad's with base64. */
const firstByteOf = async (id: string) => {
  let firstByte: number | undefined
  await rewritePayload(ground.path('server'), { user: 'ann', namespace: 'default', id }, (bytes) => {
    firstByte = bytes[0]
    return bytes
  })
  return firstByte
}

test('blobs of both ciphers live in one home: a home from before goes on, what is put now streams, and either is chosen', async () => {
  const server = await startServer(ground.path('server'))
  const a = device('a', server.url)
  const b = device('b', server.url)
  const asBefore = { ...a, BLOBSYNC_CIPHER: 'soledad' }
  const synced = await putFile(asBefore, 'synced.txt', 'synced before')
  expect(await blobsync(['sync'], asBefore)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 uploaded') })
  const waiting = await putFile(asBefore, 'waiting.txt', 'waits to be sent')

  const streaming = await putFile(a, 'streaming.txt', 'put now')
  expect(await blobsync(['sync'], a)).toMatchObject({ code: 0, stdout: expect.stringContaining('2 uploaded') })
  expect(await Promise.all([synced, waiting, streaming].map(firstByteOf))).toEqual([0x45, 0x45, 40])

  expect(await putFile(a, 'synced again.txt', 'synced before')).toBe(synced)
  expect(await blobsync(['sync'], b)).toMatchObject({ code: 0, stdout: expect.stringContaining('3 downloaded') })
  const asSoledad = { ...device('c', server.url), BLOBSYNC_CIPHER: 'soledad' }
  for (const environment of [a, b, asSoledad]) {
    for (const [id, content] of [
      [synced, 'synced before'],
      [waiting, 'waits to be sent'],
      [streaming, 'put now'],
    ] as const) {
      expect(await blobsync(['get', id], environment)).toMatchObject({ code: 0, stdout: `${content}\n` })
    }
  }
  await server.stop()
})
