import { describe, expect, test } from 'vitest'
import type { HttpRemoteOptions } from '../../src/remote/http'
import type { Misbehaviour, SeenRequest } from '../../src/testing/misbehaving-server'
import { againstAll, key, left, nextRequest, right, simulatedClock } from './against'

const part = new Uint8Array(1000).fill(7)

const answer = (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Misbehaviour => ({
  do: 'answer',
  status,
  headers,
  body,
})

/** A server that says that it takes uploads in parts, and answers as the test says. */
const tus = async (answers: (request: SeenRequest) => Misbehaviour | undefined, options: Partial<HttpRemoteOptions> = {}) => {
  const { server, remote } = await againstAll(
    (request) => (request.path === '/' ? { do: 'headers', headers: { 'Blob-Uploads': 'tus' } } : answers(request)),
    options,
  )
  const { resumable } = remote
  if (resumable === undefined) throw new Error('The remote lacks the power.')
  return {
    server,
    resumable,
    remote,
    session: `${server.url}uploads/ada/5`,
    /** All but the question for powers. */
    asked: () => server.requests.filter(({ path }) => path !== '/'),
    create: () => resumable.create(key('a'), { sizeBytes: 5000 })(),
    append: (session: string) => resumable.append(session, { at: 1000, bytes: part })(),
  }
}

describe('an upload in parts by tus', () => {
  test('says what the protocol asks for, with the token and nothing else', async () => {
    const { session, resumable, create, append, asked } = await tus(({ method }) =>
      method === 'POST'
        ? answer(201, { Location: '/uploads/ada/5' })
        : method === 'HEAD'
          ? answer(200, { 'Upload-Offset': '1000' })
          : answer(204, { 'Upload-Offset': '2000' }),
    )
    expect(right(await create())).toBe(session)
    expect(right(await resumable.offset(session)())).toBe(1000)
    expect(right(await append(session))).toBe(2000)
    right(await resumable.end(session)())
    const [post, head, patch, end] = asked()
    expect(asked().map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /uploads/ada/',
      'HEAD /uploads/ada/5',
      'PATCH /uploads/ada/5',
      'DELETE /uploads/ada/5',
    ])
    for (const { headers } of asked())
      expect(headers).toMatchObject({ 'tus-resumable': '1.0.0', authorization: expect.stringMatching(/^Token /) })
    expect(post?.headers).toMatchObject({ 'upload-length': '5000', 'upload-metadata': 'namespace ZGVmYXVsdA==,id YQ==' })
    expect(Number(post?.headers['content-length'] ?? 0)).toBe(0)
    expect(patch?.headers).toMatchObject({
      'upload-offset': '1000',
      'content-type': 'application/offset+octet-stream',
      'content-length': '1000',
    })
    expect(head?.headers['upload-offset'] ?? end?.headers['upload-offset']).toBeUndefined()
  })

  test.each(['/uploads/ada/5', '5', './5', '../ada/5'])('takes the Location %s as what it is relative to', async (Location) => {
    const { create, session } = await tus(() => answer(201, { Location }))
    expect(right(await create())).toBe(session)
  })

  test('takes a Location of the server’s own origin', async () => {
    const { create, server } = await tus(() => answer(201, { Location: `${server.url}elsewhere/7?x=1` }))
    expect(right(await create())).toBe(`${server.url}elsewhere/7?x=1`)
  })

  test.each([
    ['of another server', 'http://127.0.0.1:1/uploads/ada/5'],
    ['of another host, by two slashes', '//evil.example/uploads/ada/5'],
    ['with a user in it', 'http://127.0.0.1:80@evil.example/5'],
    ['of another scheme', 'data:text/plain,5'],
    ['that is no URL', 'http://['],
    ['that is empty', ''],
    ['that is not there', null],
  ])('refuses a Location %s', async (_, location) => {
    const { create } = await tus(() => answer(201, location === null ? {} : { Location: location }))
    const reason = left(await create())
    expect(reason).toMatchObject({ _tag: 'ServerError', message: expect.stringContaining('Location') })
  })

  test('does not follow a redirect, with which the token would travel', async () => {
    const { create, append, session, asked } = await tus(() => answer(307, { Location: 'http://127.0.0.1:1/' }))
    expect(left(await create())).toMatchObject({ _tag: 'ServerError' })
    expect(left(await append(session))).toMatchObject({ _tag: 'ServerError' })
    expect(asked()).toHaveLength(2)
  })

  test.each(['http://127.0.0.1:1/uploads/ada/5', '/uploads/ada/5', '5', '', 'data:,5'])(
    'sends nothing for a session of no server or another one: %j',
    async (session) => {
      const { resumable, append, server } = await tus(() => answer(200, { 'Upload-Offset': '5' }))
      expect(left(await resumable.offset(session)())).toMatchObject({ _tag: 'NotFound' })
      expect(left(await append(session))).toMatchObject({ _tag: 'NotFound' })
      right(await resumable.end(session)())
      expect(server.requests).toEqual([])
    },
  )
})

describe('what a server answers to an upload in parts', () => {
  test.each([404, 410])('%d: it has expired, and need not be ended', async (status) => {
    const { resumable, append, session, create } = await tus(() => answer(status, {}, 'The file for this url was not found'))
    expect(left(await resumable.offset(session)())).toMatchObject({ _tag: 'NotFound' })
    expect(left(await append(session))).toMatchObject({ _tag: 'NotFound' })
    right(await resumable.end(session)())
    expect(left(await create())).not.toMatchObject({ _tag: 'NotFound' })
  })

  test('409: the offset is another, which is asked for', async () => {
    const { append, session, asked } = await tus(({ method }) =>
      method === 'HEAD' ? answer(200, { 'Upload-Offset': '300' }) : answer(409, {}, 'Upload-Offset conflict'),
    )
    expect(right(await append(session))).toBe(300)
    expect(asked().map(({ method }) => method)).toEqual(['PATCH', 'HEAD'])
  })

  test('409 and then 404: it has expired', async () => {
    const { append, session } = await tus(({ method }) => answer(method === 'HEAD' ? 404 : 409))
    expect(left(await append(session))).toMatchObject({ _tag: 'NotFound' })
  })

  test('409 about the blob, or at creation: the id is taken', async () => {
    const { append, session, create, asked } = await tus(() => answer(409, {}, 'Blob already exists'))
    expect(left(await append(session))).toMatchObject({ _tag: 'Exists' })
    expect(left(await create())).toMatchObject({ _tag: 'Exists' })
    expect(asked().map(({ method }) => method)).toEqual(['PATCH', 'POST'])
  })

  test.each([
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [412, 'ServerError'],
    [413, 'TooLarge'],
    [415, 'ServerError'],
    [423, 'ServerError'],
    [429, 'Throttled'],
    [460, 'ServerError'],
    [500, 'ServerError'],
    [507, 'QuotaExceeded'],
  ])('%d is %s for all of its requests', async (status, tag) => {
    const { resumable, append, session, create } = await tus(() => answer(status))
    for (const outcome of [
      await create(),
      await append(session),
      await resumable.offset(session)(),
      await resumable.end(session)(),
    ])
      expect(left(outcome)._tag).toBe(tag)
  })

  test.each([undefined, '', '-1', '1.5', '1e3', '0x10', 'many', '99999999999999999999'])(
    'an Upload-Offset of %j is a failure of the server',
    async (offset) => {
      const { resumable, append, session } = await tus(({ method }) =>
        answer(method === 'HEAD' ? 200 : 204, offset === undefined ? {} : { 'Upload-Offset': offset }),
      )
      for (const outcome of [await append(session), await resumable.offset(session)()])
        expect(left(outcome)).toMatchObject({ _tag: 'ServerError', message: expect.stringContaining('Upload-Offset') })
    },
  )

  test('a cut connection is Unreachable', async () => {
    const { resumable, append, session, create } = await tus(() => ({ do: 'reset' }))
    for (const outcome of [
      await create(),
      await append(session),
      await resumable.offset(session)(),
      await resumable.end(session)(),
    ])
      expect(left(outcome)._tag).toBe('Unreachable')
  })
})

test.each([{}, { 'Blob-Uploads': '' }, { 'Blob-Uploads': 'tus2' }, { 'Tus-Resumable': '1.0.0' }])(
  'a server that says %j of itself is never sent an upload in parts',
  async (headers) => {
    const { server, remote } = await againstAll(({ path }) =>
      path === '/' ? { do: 'headers', headers } : answer(201, { Location: '5' }),
    )
    expect(right(await remote.supports()())).toMatchObject({ resumableUploads: false })
    expect(left((await remote.resumable?.create(key('a'), { sizeBytes: 10 })()) ?? { _tag: 'Right', right: '' })).toMatchObject({
      _tag: 'ServerError',
      status: 501,
    })
    expect(server.requests.map(({ path }) => path)).toEqual(['/'])
  },
)

test.each([
  [undefined, 30_000 + 62_500],
  [100_000, 30_000 + 10_000],
])(
  'a part has its size at a least rate of %s bytes a second to be answered, and no longer',
  async (bytesPerSecondMin, limitMs) => {
    const clock = simulatedClock()
    const options = bytesPerSecondMin === undefined ? {} : { bytesPerSecondMin }
    const { resumable, session, server } = await tus(() => ({ do: 'silence' }), { clock, ...options })
    let outcome: unknown = null
    const over = resumable
      .append(session, { at: 0, bytes: new Uint8Array(1_000_000) })()
      .then((result) => (outcome = result))
    const request = await nextRequest(server)
    clock.increment(limitMs - 1)
    await new Promise(setImmediate)
    expect(outcome).toBeNull()
    clock.increment(1)
    await over
    expect(outcome).toMatchObject({ left: { _tag: 'Unreachable', message: expect.stringContaining(`${limitMs} ms`) } })
    expect(await request.wasHungUp).toBe(true)
  },
)

test('a signal ends a part in the middle, and its socket with it', async () => {
  const controller = new AbortController()
  const { resumable, session, server } = await tus(() => ({ do: 'silence' }))
  const sending = resumable.append(session, { at: 0, bytes: part, signal: controller.signal })()
  const request = await nextRequest(server)
  controller.abort()
  expect(left(await sending)._tag).toBe('Aborted')
  expect(await request.wasHungUp).toBe(true)
})
