import { describe, expect, test } from 'vitest'
import { ANN, bytes, serving, token } from './serving'

const put = async (call: Awaited<ReturnType<typeof serving>>['call'], path: string, body: Uint8Array<ArrayBuffer>) => {
  const response = await call(path, { method: 'PUT', body })
  return [response.status, await response.text()]
}

describe('a blob', () => {
  test.each([16, 753, 10_000, 131_072, 131_073, 300_000, 3_000_000])(
    'of %i bytes comes back as it went in, with its tag',
    async (size) => {
      const { call } = await serving()
      const body = bytes(size)
      expect(await put(call, '/blobs/ann/b1', body)).toEqual([200, ''])
      const response = await call('/blobs/ann/b1')
      expect(response.status).toBe(200)
      expect(response.headers.get('tag')).toBe(`${Buffer.from(body.slice(-16)).toString('base64url')}==`)
      expect(response.headers.get('content-length')).toBe(String(size))
      expect(response.headers.get('content-type')).toBe('application/octet-stream')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), body)).toBe(0)
    },
  )

  test('is never overwritten', async () => {
    const { call } = await serving()
    await put(call, '/blobs/ann/b1', bytes(100))
    expect(await put(call, '/blobs/ann/b1', bytes(100))).toEqual([409, 'Blob already exists: b1'])
    expect(await put(call, '/blobs/ann/b1?namespace=', bytes(100))).toEqual([409, 'Blob already exists: b1'])
    expect(await put(call, '/blobs/ann/b1?namespace=mail', bytes(100))).toEqual([200, ''])
  })

  test('that is too short to bear a tag is refused', async () => {
    const { call } = await serving()
    expect((await put(call, '/blobs/ann/b1', bytes(15)))[0]).toBe(400)
    expect((await put(call, '/blobs/ann/b1', bytes(0)))[0]).toBe(400)
    expect(await (await call('/blobs/ann/')).json()).toEqual([])
  })

  test('that is put twice at once is stored once, and the other is told', async () => {
    const { call } = await serving()
    for (const size of [100, 500_000]) {
      const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => put(call, `/blobs/ann/b${size}`, bytes(size, n))))
      expect(answers.filter(([status]) => status === 409)).toHaveLength(7)
      const winner = answers.findIndex(([status]) => status === 200)
      const stored = await (await call(`/blobs/ann/b${size}`)).arrayBuffer()
      expect(Buffer.compare(Buffer.from(stored), bytes(size, winner))).toBe(0)
    }
  })

  test('that is missing is named', async () => {
    const { call } = await serving()
    for (const method of ['GET', 'DELETE']) {
      const response = await call('/blobs/ann/b1', { method })
      expect([response.status, await response.text()]).toEqual([404, "Blob doesn't exist: b1"])
    }
  })

  test.each([100, 500_000])('of %i bytes leaves a tombstone for ever, and may be put again', async (size) => {
    const { call } = await serving()
    await put(call, '/blobs/ann/b1', bytes(size))
    expect((await call('/blobs/ann/b1', { method: 'DELETE' })).status).toBe(200)
    expect((await call('/blobs/ann/b1', { method: 'DELETE' })).status).toBe(404)
    expect((await call('/blobs/ann/b1')).status).toBe(404)
    expect(await put(call, '/blobs/ann/b1', bytes(size, 2))).toEqual([200, ''])
    expect(await (await call('/blobs/ann/')).json()).toEqual(['b1'])
    expect(await (await call('/blobs/ann/?deleted=True')).json()).toEqual(['b1'])
    expect(await (await call('/blobs/ann/?deleted=')).json()).toEqual(['b1'])
    expect(await (await call('/blobs/ann/?only_count=False')).json()).toEqual({ count: 1 })
  })

  test('goes to the end for who is reading it while it is deleted', async () => {
    const { call } = await serving()
    await put(call, '/blobs/ann/b1', bytes(20_000_000))
    const response = await call('/blobs/ann/b1')
    expect((await call('/blobs/ann/b1', { method: 'DELETE' })).status).toBe(200)
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), bytes(20_000_000))).toBe(0)
  })
})

describe('a list', () => {
  test('is ordered by time when asked, with or without the slash', async () => {
    const { call } = await serving()
    for (const id of ['c', 'a', 'b']) await put(call, `/blobs/ann/${id}`, bytes(20))
    const ids = async (query: string) => (await call(`/blobs/ann${query}`)).json()
    expect(await ids('/?order_by=date')).toEqual(['c', 'a', 'b'])
    expect(await ids('?order_by=%2Bdate')).toEqual(['c', 'a', 'b'])
    expect(await ids('?order_by=-date&order_by=date')).toEqual(['b', 'a', 'c'])
    for (const id of ['b', 'c']) await call(`/blobs/ann/${id}`, { method: 'DELETE' })
    expect(await ids('/?deleted=1&order_by=date')).toEqual(['b', 'c'])
    expect(await ids('/?deleted=1&order_by=-date')).toEqual(['c', 'b'])
    expect((await call('/blobs/ann/?order_by=+date')).status).toBe(400)
    expect((await call('/blobs/ann/?order_by=size')).status).toBe(400)
  })

  test('of an unknown namespace is empty', async () => {
    const { call } = await serving()
    expect(await (await call('/blobs/ann/?namespace=none')).json()).toEqual([])
    expect(await (await call('/blobs/ann/?namespace=none&only_count=1')).json()).toEqual({ count: 0 })
  })

  test('has sizes and tags for who asks', async () => {
    const { call } = await serving()
    await put(call, '/blobs/ann/b1', bytes(100))
    const response = await call('/blobs/ann/', {
      headers: { accept: 'application/vnd.blobsync.list+json, application/json;q=0.5' },
    })
    expect(response.headers.get('content-type')).toBe('application/vnd.blobsync.list+json')
    expect(await response.json()).toEqual([
      { id: 'b1', size: 100, tag: `${Buffer.from(bytes(100).slice(-16)).toString('base64url')}==` },
    ])
    expect((await call('/blobs/ann/')).headers.get('content-type')).toBe('application/json')
  })
})

describe('access', () => {
  test('is told from the token alone', async () => {
    const { call } = await serving()
    const status = async (authorization: string, path = '/blobs/ann/') =>
      (await call(path, { headers: { authorization } })).status
    expect(await status(ANN)).toBe(200)
    expect(await status(ANN.replace('Token', 'tOKEN'))).toBe(200)
    expect(await status(token('ann', 'secret', false))).toBe(200)
    expect(await status(token('bob', 'other:secret'), '/blobs/bob/')).toBe(200)
    expect(await status(token('ann', 'Secret'))).toBe(401)
    expect(await status(token('eve', 'secret'))).toBe(401)
    expect(await status(ANN.replace('Token', 'Basic'))).toBe(401)
    expect(await status('Token !!')).toBe(401)
    expect(await status(`Token ${Buffer.from('ann').toString('base64')}`)).toBe(401)
    expect(await status(ANN, '/blobs/bob/')).toBe(403)
    expect(await status(ANN, '/blobs/bob/b1')).toBe(403)
  })

  test('is refused in the words that clients know', async () => {
    const { call, server } = await serving()
    const wrong = await call('/blobs/ann/', { headers: { authorization: token('ann', 'no') } })
    expect([wrong.status, await wrong.text(), wrong.headers.get('www-authenticate')]).toEqual([401, 'Unauthorized', 'token'])
    const scheme = await call('/blobs/ann/', { headers: { authorization: 'Basic x' } })
    expect([scheme.status, await scheme.text(), scheme.headers.get('www-authenticate')]).toEqual([401, 'Unauthorized', null])
    expect((await fetch(`${server.url}/blobs/ann/b1`)).status).toBe(404)
    for (const [method, path] of [
      ['GET', '/other'],
      ['GET', '/blobs/ann/b1/'],
      ['PATCH', '/blobs/ann/b1'],
      ['PUT', '/blobs/ann/'],
    ] as const) {
      const response = await call(path, { method })
      expect([response.status, await response.text()]).toEqual([401, 'Unauthorized'])
    }
  })

  test('needs no token for what a server is', async () => {
    const { server } = await serving()
    expect(await (await fetch(`${server.url}/`)).json()).toEqual({
      blobs: true,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
    expect(await (await fetch(`${server.url}/robots.txt`)).text()).toContain('Disallow: /')
  })

  test.each([
    '/blobs/ann/nl%0A',
    '/blobs/ann/a%2Fb',
    '/blobs/ann/%2e%2e%2fx',
    '/blobs/ann/%ff',
    '/blobs/ann/b1?namespace=../x',
    `/blobs/ann/${'x'.repeat(255)}`,
    '/blobs/a%20b/b1',
  ])('under the name %s is refused', async (path) => {
    const { call } = await serving()
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await call(path, method === 'PUT' ? { method, body: bytes(20) } : { method })
      expect(response.status).toBe(400)
    }
  })
})

describe('the quota', () => {
  test('counts stored bytes of all namespaces and is freed by deleting', async () => {
    const { call } = await serving({ quotaBytes: 1000 })
    expect((await put(call, '/blobs/ann/a', bytes(600)))[0]).toBe(200)
    expect(await put(call, '/blobs/ann/b?namespace=mail', bytes(401))).toEqual([507, 'Quota Exceeded!'])
    expect((await put(call, '/blobs/ann/b?namespace=mail', bytes(400)))[0]).toBe(200)
    expect((await put(call, '/blobs/ann/c', bytes(16)))[0]).toBe(507)
    await call('/blobs/ann/a', { method: 'DELETE' })
    expect((await put(call, '/blobs/ann/c', bytes(600)))[0]).toBe(200)
  })

  test('holds for a body that does not say how long it is', async () => {
    const { call } = await serving({ quotaBytes: 1_000_000 })
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(bytes(65_536)) })
    const response = await call('/blobs/ann/a', { method: 'PUT', body: endless, duplex: 'half' })
    expect([response.status, await response.text()]).toEqual([507, 'Quota Exceeded!'])
    expect((await put(call, '/blobs/ann/a', bytes(1_000_000)))[0]).toBe(200)
  })

  test('is not passed by many at once', async () => {
    const { call } = await serving({ quotaBytes: 1_000_000 })
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => put(call, `/blobs/ann/b${n}`, bytes(300_000))))
    expect(answers.filter(([status]) => status === 200)).toHaveLength(3)
    expect(await (await call('/blobs/ann/?only_count=1')).json()).toEqual({ count: 3 })
  })

  test('is known again after a restart', async () => {
    const { call, server, root } = await serving({ quotaBytes: 1000 })
    await put(call, '/blobs/ann/a', bytes(600))
    await server.close()
    const again = await serving({ quotaBytes: 1000, root })
    expect((await put(again.call, '/blobs/ann/b', bytes(600)))[0]).toBe(507)
  })
})

test('a body without a length is stored when it is complete', async () => {
  const { call } = await serving()
  const body = bytes(400_000)
  const stream = new Blob([body]).stream()
  expect((await call('/blobs/ann/a', { method: 'PUT', body: stream, duplex: 'half' })).status).toBe(200)
  expect(Buffer.compare(Buffer.from(await (await call('/blobs/ann/a')).arrayBuffer()), body)).toBe(0)
})

test('a body over the limit is refused, announced or not', async () => {
  const { call } = await serving({ blobBytesMax: 200_000 })
  expect((await put(call, '/blobs/ann/a', bytes(200_001)))[0]).toBe(413)
  const response = await call('/blobs/ann/a', { method: 'PUT', body: new Blob([bytes(200_001)]).stream(), duplex: 'half' })
  expect(response.status).toBe(413)
  expect((await put(call, '/blobs/ann/a', bytes(200_000)))[0]).toBe(200)
})
