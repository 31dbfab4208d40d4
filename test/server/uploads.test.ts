import { readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { accountList } from '../../src/server/auth'
import { fileBackend } from '../../src/server/file-backend'
import { blobHandler } from '../../src/server/handler'
import type { ServeOptions } from '../../src/server/serve'
import { bodyOf } from '../../src/testing/cipher-bytes'
import { rawClient, requestHead } from './raw-client'
import { ANN, bytes, folder, head, raw, serving, token } from './serving'
import { locationOf, metadata, offsetOf, PART_TYPE, tusClient } from './upload-parts'

const opened = async (options: Partial<ServeOptions> = {}) => {
  const all = await serving(options)
  const filesIn = async (name: string) =>
    (await readdir(join(all.root, name), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length
  const ids = async (): Promise<string[]> => (await all.call('/blobs/ann/')).json()
  const content = async (id: string) => Buffer.from(await (await all.call(`/blobs/ann/${id}`)).arrayBuffer())
  /** How many bytes a quota leaves, as PUT sees it. */
  const isRoomFor = async (sizeBytes: number) => {
    const put = await all.call('/blobs/ann/room', { method: 'PUT', body: bytes(sizeBytes) })
    if (put.status === 200) await all.call('/blobs/ann/room', { method: 'DELETE' })
    return put.status === 200
  }
  return { ...all, ids, content, filesIn, isRoomFor, tus: tusClient(all.server.url) }
}

const begun = async (tus: ReturnType<typeof tusClient>, id: string, sizeBytes: number, sentBytes = 0) => {
  const upload = locationOf(await tus.create(id, sizeBytes))
  if (sentBytes > 0) expect((await tus.patch(upload, 0, bytes(sizeBytes).slice(0, sentBytes))).status).toBe(204)
  return upload
}

const patchHead = (upload: string, at: number, length: number) =>
  head(
    'PATCH',
    `/uploads/ann/${upload}`,
    'Tus-Resumable: 1.0.0',
    `Upload-Offset: ${at}`,
    `Content-Type: ${PART_TYPE}`,
    `Content-Length: ${length}`,
  )

describe('an upload in parts', () => {
  test('is announced, goes up, and is a blob once it is whole and not before', async () => {
    const { call, tus, ids, content, filesIn } = await opened()
    expect((await call('/')).headers.get('blob-uploads')).toBe('tus')
    const options = await tus.ask('', 'OPTIONS')
    expect(options.headers.get('tus-version')).toBe('1.0.0')
    expect(options.headers.get('tus-extension')?.split(',')).toEqual(
      expect.arrayContaining(['creation', 'expiration', 'termination']),
    )

    const whole = bytes(700_000)
    const created = await tus.create('a', whole.length)
    expect(created.status).toBe(201)
    expect(Date.parse(created.headers.get('upload-expires') ?? '') - Date.now()).toBeGreaterThan(86_000_000)
    const upload = locationOf(created)
    expect(offsetOf(await tus.head(upload))).toBe(0)

    for (const [from, to] of [
      [0, 1],
      [1, 300_000],
      [300_000, 699_999],
    ] as const) {
      const patched = await tus.patch(upload, from, whole.slice(from, to))
      expect([patched.status, offsetOf(patched)]).toEqual([204, to])
      expect(offsetOf(await tus.head(upload))).toBe(to)
      expect(await ids()).toEqual([])
      expect((await call('/blobs/ann/a')).status).toBe(404)
      expect((await tus.ask(upload, 'GET')).status).toBe(404)
      expect((await (await call('/blobs/ann/?only_count=1')).json()).count).toBe(0)
    }
    expect((await tus.patch(upload, 699_999, whole.slice(699_999))).status).toBe(204)
    expect(await ids()).toEqual(['a'])
    expect(Buffer.compare(await content('a'), whole)).toBe(0)
    expect(await filesIn('uploads')).toBe(0)
  })

  test('tells for a while that it is finished, to whom the last answer was lost', async () => {
    const { tus, root, server } = await opened()
    const upload = await begun(tus, 'a', 500)
    await tus.patch(upload, 0, bytes(500))
    const told = await tus.head(upload)
    expect([told.status, offsetOf(told), told.headers.get('upload-length')]).toEqual([200, 500, '500'])
    await server.close()
    const again = await opened({ root })
    expect(offsetOf(await again.tus.head(upload))).toBe(500)
    expect((await again.call('/blobs/ann/a', { method: 'DELETE' })).status).toBe(200)
    expect((await again.tus.head(upload)).status).toBe(404)
  })

  test('of which the end is told may be ended, and its blob stays', async () => {
    const { tus, ids } = await opened()
    const upload = await begun(tus, 'a', 500)
    await tus.patch(upload, 0, bytes(500))
    expect((await tus.end(upload)).status).toBe(204)
    expect((await tus.head(upload)).status).toBe(404)
    expect(await ids()).toEqual(['a'])
  })

  test('takes its first bytes with its creation', async () => {
    const { tus, ids } = await opened()
    const headers = { 'upload-length': '500', 'upload-metadata': metadata('default', 'a'), 'content-type': PART_TYPE }
    const created = await tus.ask('', 'POST', headers, bytes(500).slice(0, 200))
    expect([created.status, offsetOf(created)]).toEqual([201, 200])
    expect((await tus.patch(locationOf(created), 200, bytes(500).slice(200))).status).toBe(204)
    expect(await ids()).toEqual(['a'])
  })

  test('goes where its namespace says', async () => {
    const { call, tus } = await opened()
    await tus.patch(locationOf(await tus.create('a', 16, 'photos')), 0, bytes(16))
    expect(await (await call('/blobs/ann/?namespace=photos')).json()).toEqual(['a'])
    expect(await (await call('/blobs/ann/')).json()).toEqual([])
  })

  test('has a Location that is right for either spelling of the endpoint', async () => {
    const { server, tus } = await opened()
    for (const path of ['/uploads/ann', '/uploads/ann/']) {
      const created = await tus.ask(path, 'POST', { 'upload-length': '20', 'upload-metadata': metadata('default', 'a') })
      const upload = new URL(locationOf(created), `${server.url}${path}`)
      expect(upload.pathname).toMatch(/^\/uploads\/ann\/[0-9a-f]{32}$/)
      expect((await tus.head(upload.href)).status).toBe(200)
    }
  })

  type Ask = (upload: string, tus: ReturnType<typeof tusClient>) => Promise<Response>
  test.each<[string, number, Ask]>([
    ['a wrong offset', 409, (upload, tus) => tus.patch(upload, 99, bytes(100))],
    ['more than it has', 413, (upload, tus) => tus.patch(upload, 100, bytes(401))],
    ['more than it has, of untold length', 413, (upload, tus) => tus.patch(upload, 100, new Blob([bytes(401)]).stream())],
    [
      'another type',
      400,
      (upload, tus) => tus.ask(upload, 'PATCH', { 'upload-offset': '100', 'content-type': 'text/plain' }, 'x'),
    ],
    ['no offset', 403, (upload, tus) => tus.ask(upload, 'PATCH', { 'content-type': PART_TYPE }, 'x')],
    ['another version', 400, (upload, tus) => tus.ask(upload, 'HEAD', { 'tus-resumable': '0.2.2' })],
  ])('is not changed by a request with %s, which is %i', async (_name, status, ask) => {
    const { tus, content } = await opened()
    const upload = await begun(tus, 'a', 500, 100)
    const refused = await ask(upload, tus)
    expect([refused.status, offsetOf(refused)]).toEqual([status, null])
    expect(offsetOf(await tus.head(upload))).toBe(100)
    expect((await tus.patch(upload, 100, bytes(500).slice(100))).status).toBe(204)
    expect(Buffer.compare(await content('a'), bytes(500))).toBe(0)
  })

  test('that is refused leaves the connection to the next request', async () => {
    const { port, tus } = await opened()
    const upload = await begun(tus, 'a', 9_000_000, 100)
    const client = rawClient(port)
    onTestFinished(() => void client.close())
    await client.send(patchHead(upload, 0, 5_000_000))
    await client.send(bytes(5_000_000))
    expect((await client.answer('PATCH'))?.status).toBe(409)
    await client.send(patchHead(upload, 100, 16))
    await client.send(bytes(16))
    const next = await client.answer('PATCH')
    expect([next?.status, next?.headers.get('upload-offset')]).toEqual([204, '116'])
    await client.send(requestHead('HEAD', `/uploads/ann/${upload}`, [`Authorization: ${ANN}`, 'Host: x', 'Tus-Resumable: 1.0.0']))
    const told = await client.answer('HEAD')
    expect([told?.status, told?.headers.get('upload-offset'), told?.headers.get('connection')]).toEqual([
      200,
      '116',
      'keep-alive',
    ])
  })
})

describe('who may not', () => {
  test.each([
    ['without a token', '', 404],
    ['with a wrong token', token('ann', 'wrong'), 401],
    ['with the token of another', token('bob', 'other:secret'), 403],
  ])('%s hears of no upload, as of no blob', async (_name, authorization, status) => {
    const { server, call, tus, ids } = await opened()
    const upload = await begun(tus, 'a', 500, 100)
    expect((await call('/blobs/ann/a', { headers: { authorization } })).status).toBe(status)
    const other = tusClient(server.url, authorization)
    for (const response of [
      await other.create('b', 500),
      await other.head(upload),
      await other.patch(upload, 100, bytes(400)),
      await other.end(upload),
    ])
      expect(response.status).toBe(status)
    expect(offsetOf(await tus.head(upload))).toBe(100)
    expect(await ids()).toEqual([])
  })

  test('another user finds nothing at a guessed or stolen address', async () => {
    const { server, tus } = await opened()
    const upload = await begun(tus, 'a', 500, 100)
    const bob = tusClient(server.url, token('bob', 'other:secret'))
    const path = `/uploads/bob/${upload}`
    for (const response of [await bob.head(path), await bob.patch(path, 100, bytes(400)), await bob.end(path)])
      expect(response.status).toBe(404)
    expect(offsetOf(await tus.head(upload))).toBe(100)
  })
})

describe('a creation is refused', () => {
  test.each([
    ['for an id that is there', 409, '500', metadata('default', 'there')],
    ['when the blob would be shorter than a tag', 400, '15', metadata('default', 'a')],
    ['when it would be too large', 413, '1000001', metadata('default', 'a')],
    ['without an id', 400, '500', 'namespace ZGVmYXVsdA=='],
    ['without metadata', 400, '500', null],
    ['for an id that is none', 400, '500', metadata('default', '../a')],
    ['for a namespace that is none', 400, '500', metadata('a/b', 'a')],
    ['for a length that is none', 400, '-1', metadata('default', 'a')],
    ['without a length', 400, null, metadata('default', 'a')],
  ])('%s: %i', async (_name, status, length, data) => {
    const { call, tus, filesIn } = await opened({ blobBytesMax: 1_000_000 })
    await call('/blobs/ann/there', { method: 'PUT', body: bytes(100) })
    const response = await tus.ask('', 'POST', {
      ...(length === null ? {} : { 'upload-length': length }),
      ...(data === null ? {} : { 'upload-metadata': data }),
    })
    expect([response.status, response.headers.get('location')]).toEqual([status, null])
    if (status === 409) expect(await response.text()).toMatch(/^Blob already exists/)
    expect(await filesIn('uploads')).toBe(0)
  })
})

describe('a connection', () => {
  test('that dies frees the upload at once, and what it brought counts', async () => {
    const { port, root, lines, tus, content } = await opened()
    const upload = await begun(tus, 'a', 3_000_000, 1)
    const [file = ''] = await readdir(join(root, 'uploads'))
    const { socket, send } = raw(port)
    await send(patchHead(upload, 1, 2_999_999))
    await send(bytes(3_000_000).slice(1, 1_234_567))
    const written = async () => (await stat(join(root, 'uploads', file))).size
    await vi.waitFor(async () => expect(await written()).toBeGreaterThan(1024 * 1024), { timeout: 10_000 })
    const writtenBytes = await written()
    // The log tells of a request once the server is done with it.
    socket.end()
    await vi.waitFor(() => expect(lines.some((line) => line.startsWith('PATCH'))).toBe(true), { timeout: 10_000 })
    // A connection that breaks takes with it what nobody has read yet.
    const offset = offsetOf(await tus.head(upload)) ?? -1
    expect(offset).toBeGreaterThanOrEqual(writtenBytes)
    expect(offset).toBeLessThanOrEqual(1_234_567)
    expect((await tus.patch(upload, offset, bytes(3_000_000).slice(offset))).status).toBe(204)
    expect(Buffer.compare(await content('a'), bytes(3_000_000))).toBe(0)
  })

  test('that says nothing any more makes way for the next, and nothing is mixed', async () => {
    const { port, tus, content, filesIn } = await opened()
    const whole = bytes(3_000_000)
    const upload = await begun(tus, 'a', whole.length)
    const silent = raw(port)
    await silent.send(patchHead(upload, 0, whole.length))
    await silent.send(whole.slice(0, 1_000_000))
    await vi.waitFor(async () => expect(await filesIn('uploads')).toBe(1), { timeout: 10_000 })
    const offset = offsetOf(await tus.head(upload)) ?? -1
    expect(offset).toBeGreaterThanOrEqual(0)
    expect(offset).toBeLessThanOrEqual(1_000_000)
    // The silent one wakes up; its bytes are nobody's.
    await silent.send(bytes(100_000, 7))
    expect(offsetOf(await tus.head(upload))).toBe(offset)
    expect((await tus.patch(upload, offset, whole.slice(offset))).status).toBe(204)
    expect(Buffer.compare(await content('a'), whole)).toBe(0)
    silent.socket.destroy()
  })

  test('beside another one for the same bytes cannot write them twice', async () => {
    const { tus, content } = await opened()
    const whole = bytes(2_000_000)
    const upload = await begun(tus, 'a', whole.length, 100)
    const answers = await Promise.all(Array.from({ length: 6 }, () => tus.patch(upload, 100, whole.slice(100))))
    // Each either wrote, as far as it came, or was told of its wrong offset.
    expect(answers.every(({ status }) => status === 204 || status === 409)).toBe(true)
    const offset = offsetOf(await tus.head(upload)) ?? 0
    if (offset < whole.length) expect((await tus.patch(upload, offset, whole.slice(offset))).status).toBe(204)
    expect(Buffer.compare(await content('a'), whole)).toBe(0)
  })
})

describe('of two devices with the same blob', () => {
  test('the first that is whole wins; the other is told that it exists, and its bytes go', async () => {
    const { tus, content, filesIn, isRoomFor } = await opened({ quotaBytes: 1_000_000 })
    const [first, second] = [await begun(tus, 'a', 400_000, 100_000), await begun(tus, 'a', 400_000, 399_999)]
    expect((await tus.patch(first, 100_000, bytes(400_000).slice(100_000))).status).toBe(204)
    const late = await tus.patch(second, 399_999, bytes(1))
    expect([late.status, offsetOf(late), await late.text()]).toEqual([409, null, 'Blob already exists: a'])
    expect((await tus.head(second)).status).toBe(404)
    expect(Buffer.compare(await content('a'), bytes(400_000))).toBe(0)
    expect([await filesIn('uploads'), await filesIn('payloads')]).toEqual([0, 1])
    expect(await isRoomFor(600_000)).toBe(true)
    expect(await isRoomFor(600_001)).toBe(false)
  })

  test('that end at once exactly one is stored', async () => {
    const { tus, ids, filesIn } = await opened()
    const uploads = await Promise.all(Array.from({ length: 5 }, () => begun(tus, 'a', 400_000, 399_000)))
    const ends = await Promise.all(uploads.map((upload) => tus.patch(upload, 399_000, bytes(400_000).slice(399_000))))
    expect(ends.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409, 409, 409, 409])
    expect(await ids()).toEqual(['a'])
    expect([await filesIn('uploads'), await filesIn('payloads')]).toEqual([0, 1])
  })

  test('one may come whole by PUT', async () => {
    const { call, tus, content, filesIn } = await opened()
    const upload = await begun(tus, 'a', 400_000, 100_000)
    expect((await call('/blobs/ann/a', { method: 'PUT', body: bytes(50, 3) })).status).toBe(200)
    expect((await tus.patch(upload, 100_000, bytes(300_000))).status).toBe(409)
    expect(Buffer.compare(await content('a'), bytes(50, 3))).toBe(0)
    expect(await filesIn('uploads')).toBe(0)
  })
})

describe('the quota', () => {
  test('is reserved for the whole length from the creation on, restarts included, and given back at the end', async () => {
    const quotaBytes = 1_000_000
    const first = await opened({ quotaBytes })
    const upload = await begun(first.tus, 'a', 700_000, 10_000)
    expect((await first.tus.create('b', 300_001)).status).toBe(507)
    expect(await first.isRoomFor(300_001)).toBe(false)
    await first.server.close()

    const again = await opened({ quotaBytes, root: first.root })
    expect(await again.isRoomFor(300_001)).toBe(false)
    expect(await again.isRoomFor(300_000)).toBe(true)
    expect((await again.tus.end(upload)).status).toBe(204)
    expect(await again.filesIn('uploads')).toBe(0)
    expect(await again.isRoomFor(1_000_000)).toBe(true)

    const next = await begun(again.tus, 'c', 700_000)
    await again.tus.patch(next, 0, bytes(700_000))
    expect(await again.isRoomFor(300_001)).toBe(false)
    await again.call('/blobs/ann/c', { method: 'DELETE' })
    expect(await again.isRoomFor(1_000_000)).toBe(true)
  })

  test('is not eaten up by creations of which the answer was lost', async () => {
    const { tus, ids } = await opened({ quotaBytes: 1_000_000 })
    await begun(tus, 'a', 700_000)
    await begun(tus, 'a', 700_000)
    const upload = await begun(tus, 'a', 700_000, 699_999)
    // One that has bytes stands in the way, of the same blob or another.
    expect((await tus.create('a', 700_000)).status).toBe(507)
    expect((await tus.patch(upload, 699_999, bytes(700_000).slice(699_999))).status).toBe(204)
    expect(await ids()).toEqual(['a'])
  })
})

describe('an upload that nobody goes on with', () => {
  const DAY_MS = 86_400_000
  const clock = () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: Date.UTC(2026, 5, 1) })
    onTestFinished(() => void vi.useRealTimers())
  }

  test('expires a day after its last byte, by itself, and gives its room back', async () => {
    clock()
    const { tus, filesIn, isRoomFor } = await opened({ quotaBytes: 1_000_000 })
    const upload = await begun(tus, 'a', 900_000, 100_000)
    vi.advanceTimersByTime(DAY_MS - 1000)
    const patched = await tus.patch(upload, 100_000, bytes(100))
    expect(Date.parse(patched.headers.get('upload-expires') ?? '')).toBe(Date.now() + DAY_MS - (Date.now() % 1000))
    vi.advanceTimersByTime(DAY_MS - 1000)
    expect(offsetOf(await tus.head(upload))).toBe(100_100)
    expect(await isRoomFor(500_000)).toBe(false)
    vi.advanceTimersByTime(601_000)
    await vi.waitFor(async () => expect(await filesIn('uploads')).toBe(0))
    expect((await tus.head(upload)).status).toBe(404)
    expect(await isRoomFor(1_000_000)).toBe(true)
  })

  test('that expired is gone before anyone has removed it, and is removed at the next start', async () => {
    clock()
    const { server, root, tus } = await opened({ uploadsExpireMs: 5000, quotaBytes: 1_000_000 })
    const upload = await begun(tus, 'a', 900_000, 100_000)
    vi.setSystemTime(Date.now() + 5001)
    expect((await tus.head(upload)).status).toBe(410)
    expect((await tus.patch(upload, 100_000, bytes(100))).status).toBe(410)
    await server.close()
    const again = await opened({ root, uploadsExpireMs: 5000, quotaBytes: 1_000_000 })
    expect((await again.tus.head(upload)).status).toBe(404)
    expect(await again.filesIn('uploads')).toBe(0)
    expect(await again.isRoomFor(1_000_000)).toBe(true)
  })

  test('does not keep a process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    await opened()
    expect(timers()).toBeLessThanOrEqual(before)
  })

  test('and whose bytes were taken from under it starts over', async () => {
    const { root, tus, isRoomFor, ids } = await opened({ quotaBytes: 1_000_000 })
    const upload = await begun(tus, 'a', 900_000, 500_000)
    const [name = ''] = await readdir(join(root, 'uploads'))
    await truncate(join(root, 'uploads', name), 499_999)
    expect((await tus.patch(upload, 500_000, bytes(400_000))).status).toBe(404)
    expect((await tus.head(upload)).status).toBe(404)
    expect(await ids()).toEqual([])
    expect(await isRoomFor(1_000_000)).toBe(true)
  })
})

test('a web app of an allowed origin may use uploads and read what they say; another one may not', async () => {
  const { tus } = await opened({ origins: ['https://app.example.org'] })
  for (const method of ['POST', 'HEAD', 'PATCH', 'DELETE']) {
    const preflight = await tus.ask('x', 'OPTIONS', {
      origin: 'https://app.example.org',
      'access-control-request-method': method,
      authorization: '',
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')?.split(', ')).toContain(method)
    const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
    const needed = ['tus-resumable', 'upload-length', 'upload-metadata', 'upload-offset', 'content-type', 'authorization']
    expect(allowed).toEqual(expect.arrayContaining(needed))
  }
  const headers = { 'upload-length': '500', 'upload-metadata': metadata('default', 'a') }
  const created = await tus.ask('', 'POST', { ...headers, origin: 'https://app.example.org' })
  expect(created.headers.get('access-control-allow-origin')).toBe('https://app.example.org')
  const exposed = created.headers.get('access-control-expose-headers')?.split(', ')
  expect(exposed).toEqual(
    expect.arrayContaining(['Location', 'Upload-Offset', 'Upload-Expires', 'Tus-Resumable', 'Blob-Uploads']),
  )
  const other = await tus.ask('', 'POST', { ...headers, origin: 'https://evil.example.org' })
  expect([...other.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
})

test('of creations for one id that come at once, with room for one, none is told that there is no such upload', async () => {
  const { server, call } = await serving({ quotaBytes: 100_000 })
  const { create, head, end } = tusClient(server.url)
  const statuses = new Set<number>()
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(Array.from({ length: 6 }, () => create('a', 100_000)))
    answers.forEach(({ status }) => statuses.add(status))
    const uploads = answers.filter(({ status }) => status === 201).map(locationOf)
    const found = await Promise.all(uploads.map(head))
    // The others made room for the last one.
    expect(found.filter(({ status }) => status === 200)).toHaveLength(1)
    await Promise.all(uploads.map(end))
  }
  // By a 404 that speaks of nothing a client learns that it has no access.
  expect([...statuses].filter((status) => status !== 201 && status !== 507)).toEqual([])
  expect((await call('/blobs/ann/b', { method: 'PUT', body: bytes(100_000) })).status).toBe(200)
})

test.each([false, true])('pieces of a body are left as they are, unless the handler alone has them: %s', async (ownsBodies) => {
  const backend = await fileBackend(await folder())
  onTestFinished(() => backend.close())
  const handle = blobHandler({ backend, authenticate: accountList([{ user: 'ann', token: 'secret' }]), ownsBodies })
  const piece = bytes(1_000_000)
  const ask = (path: string, method: string, headers: Record<string, string>, body?: BodyInit) =>
    handle(
      new Request(new URL(path, 'http://server.test/uploads/ann/'), {
        method,
        headers: { authorization: ANN, 'tus-resumable': '1.0.0', ...headers },
        ...(body === undefined ? {} : { body, duplex: 'half' as const }),
      }),
    )
  const created = await ask('', 'POST', { 'upload-length': String(piece.length), 'upload-metadata': metadata('default', 'a') })
  const headers = { 'upload-offset': '0', 'content-type': PART_TYPE }
  expect((await ask(locationOf(created), 'PATCH', headers, bodyOf([piece]))).status).toBe(204)
  expect(piece.length).toBe(ownsBodies ? 0 : 1_000_000)
  const stored = await ask('/blobs/ann/a', 'GET', {})
  expect(new Uint8Array(await stored.arrayBuffer())).toEqual(new Uint8Array(bytes(1_000_000)))
  if (!ownsBodies) expect(piece).toEqual(bytes(1_000_000))
})
