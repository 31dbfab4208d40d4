import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { failure } from '../../src/model/failure'
import { memoryStore, newMemory } from '../../src/store/memory'
import type { Staging } from '../../src/store/store'
import type { Misbehaviour } from '../../src/testing/misbehaving-server'
import { device, seen, text } from './device'
import { answer, isFor, isList, served, when } from './served'

/** A server that holds the blob `a`, put by another device. */
const holdingA = async () => {
  const site = await served()
  const other = site.device()
  await other.put(text('hello'), { id: 'a' })
  await other.sync()
  return { ...site, other }
}

const backsOff = (_tag: string) => ({ phase: 'backingOff', attempt: 1, held: null, lastFailure: { _tag } })

describe('Unreachable', () => {
  test('a server that is down: the upload backs off for ten seconds, and the report says why', async () => {
    const { server, device } = await served()
    await server.close()
    const blobs = device()
    const before = Date.now()
    await blobs.put(text('hello'), { id: 'a' })
    const report = await blobs.sync({ wait: false })
    expect(report.failure).toMatchObject({ _tag: 'Unreachable' })
    expect(report.waiting).toMatchObject([{ id: 'a', failure: { _tag: 'Unreachable' } }])
    const view = blobs.blob('a').getSnapshot()
    expect(view).toMatchObject({ status: 'PENDING_UPLOAD', phase: 'backingOff', lastFailure: { _tag: 'Unreachable' } })
    expect(view.nextAttemptAtMs).toBeGreaterThanOrEqual(before + 10_000)
    expect(blobs.explain('a').map(({ code }) => code)).toEqual(['backingOff', 'failure.Unreachable'])
    expect(blobs.getSnapshot()).toMatchObject({ reconciliation: 'backingOff', lastListFailure: { _tag: 'Unreachable' } })
  })

  test.each<[string, Misbehaviour]>([
    ['is reset', { do: 'reset' }],
    ['hears nothing', { do: 'silence' }],
    ['loses its answer', { do: 'loseAnswer' }],
  ])('an upload that %s backs off, and the next attempt settles it', async (_, misbehaviour) => {
    const { remote, behave, server } = await served()
    behave(when(isFor('PUT'), misbehaviour))
    const blobs = device({ remote: remote({ timeoutMs: 200, stallMs: 200 }) })
    await blobs.put(text('hello'), { id: 'a' })
    await seen(blobs, 'a', ({ phase }) => phase === 'backingOff')
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_UPLOAD', ...backsOff('Unreachable') })
    behave()
    await blobs.retry()
    await blobs.idle()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', lastFailure: null, attempt: 0 })
    expect(server.blobs.size).toBe(1)
  })

  test.each<[string, Misbehaviour]>([
    ['is reset', { do: 'reset' }],
    ['is cut in its body', { do: 'cut', afterBytes: 100 }],
    ['stalls in its body', { do: 'silence', afterBytes: 100 }],
  ])('a download that %s backs off, and nothing of it is readable', async (_, misbehaviour) => {
    const { remote, behave } = await holdingA()
    behave(when(isFor('GET'), misbehaviour))
    const blobs = device({ remote: remote({ timeoutMs: 200, stallMs: 200 }) })
    const report = await blobs.sync({ wait: false })
    expect(report.waiting).toMatchObject([{ id: 'a', failure: { _tag: 'Unreachable' } }])
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_DOWNLOAD', isHere: false, ...backsOff('Unreachable') })
    behave()
    expect(await (await blobs.get('a')).text()).toBe('hello')
  })

  test('wait: false makes one attempt of each, also of what backs off', async () => {
    const { device, behave, asked } = await served()
    behave(when(isFor('PUT'), { do: 'reset' }))
    const blobs = device({ paused: true })
    for (const id of ['a', 'b', 'c']) await blobs.put(text(id), { id })
    blobs.resume()
    for (const id of ['a', 'b', 'c']) await seen(blobs, id, ({ phase }) => phase === 'backingOff')
    const before = asked().length
    const report = await blobs.sync({ wait: false })
    expect(report.waiting).toHaveLength(3)
    expect(asked().slice(before).toSorted()).toEqual(['GET ', 'GET ', 'PUT a', 'PUT b', 'PUT c'])
    expect(blobs.blob('b').getSnapshot()).toMatchObject({ attempt: 2, phase: 'backingOff' })
  })

  test('sync waits through backoff, for the list too', async () => {
    const { device, behave, server } = await served()
    let failuresToCome = 4
    behave(() => (failuresToCome-- > 0 ? { do: 'reset' } : undefined))
    const blobs = device({ backoff: { delaysMs: [5] } })
    await blobs.put(text('hello'), { id: 'a' })
    const report = await blobs.sync()
    expect(report).toMatchObject({ uploaded: [{ id: 'a' }], waiting: [], failure: null })
    expect(server.blobs.size).toBe(1)
  })

  test('a signal ends a sync that waits', async () => {
    const { device, behave } = await served()
    behave(() => ({ do: 'reset' }))
    const blobs = device()
    await blobs.put(text('hello'), { id: 'a' })
    await seen(blobs, 'a', ({ phase }) => phase === 'backingOff')
    const controller = new AbortController()
    const syncing = blobs.sync({ signal: controller.signal })
    controller.abort()
    await expect(syncing).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    await expect(blobs.sync({ signal: controller.signal })).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
  })

  test('a second sync does not wait for a listing that failed before its own', async () => {
    const { device, behave } = await served()
    let lists = 0
    behave((request) => (isList(request) && ++lists === 1 ? { do: 'reset' } : undefined))
    const blobs = device({ backoff: { delaysMs: [5] } })
    const reports = await Promise.all([blobs.sync(), blobs.sync()])
    expect(reports.map(({ failure }) => failure)).toEqual([null, null])
  })
})

describe('Throttled', () => {
  test('429 slows everything for as long as the remote asks', async () => {
    const { device, behave, asked } = await served()
    behave(when(isFor('PUT'), answer(429, { 'Retry-After': '45' })))
    const blobs = device({ transfers: 1 })
    const before = Date.now()
    await blobs.put(text('a'), { id: 'a' })
    await seen(blobs, 'a', ({ phase }) => phase === 'backingOff')
    await blobs.put(text('b'), { id: 'b' })
    const view = blobs.blob('a').getSnapshot()
    expect(view).toMatchObject(backsOff('Throttled'))
    expect(view.nextAttemptAtMs).toBeGreaterThanOrEqual(before + 45_000)
    expect(blobs.actor.getSnapshot().value).toMatchObject({ pace: 'slowed' })
    const report = await blobs.sync({ wait: false })
    expect(report.waiting).toHaveLength(2)
    expect(asked().filter((line) => line.startsWith('PUT'))).toEqual(['PUT a'])
  })

  test.each([
    ['seconds', () => '45'],
    ['a date', () => new Date(Date.now() + 46_000).toUTCString()],
  ])('503 with Retry-After in %s holds back that blob alone', async (_, retryAfter) => {
    const { device, behave } = await served()
    behave(when(isFor('PUT', 'a'), answer(503, { 'Retry-After': retryAfter() })))
    const blobs = device()
    const before = Date.now()
    await blobs.put(text('a'), { id: 'a' })
    await blobs.put(text('b'), { id: 'b' })
    await blobs.sync({ wait: false, signal: AbortSignal.timeout(4_000) })
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ phase: 'backingOff', lastFailure: { _tag: 'Throttled' } })
    expect(blobs.blob('a').getSnapshot().nextAttemptAtMs).toBeGreaterThanOrEqual(before + 44_000)
    expect(blobs.blob('b').getSnapshot().status).toBe('SYNCED')
    expect(blobs.actor.getSnapshot().value).toMatchObject({ pace: 'flowing' })
  })
})

describe('ServerError', () => {
  test.each([500, 502, 503, 418, 302])('%i backs off', async (status) => {
    const { device, behave } = await served()
    behave(when(isFor('PUT'), answer(status)))
    const blobs = device()
    await blobs.put(text('a'), { id: 'a' })
    await seen(blobs, 'a', ({ phase }) => phase === 'backingOff')
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_UPLOAD', ...backsOff('ServerError') })
  })
})

describe('Unauthorized', () => {
  const authorised = (good: string) =>
    when(({ headers }) => headers.authorization !== `Token ${btoa(`ann:${good}`)}`, answer(401))

  test('the app is asked for a new token once, however many transfers met the refusal, and no attempt counts', async () => {
    const { remote, behave } = await served()
    const tokens = ['old', 'new', 'newer']
    let questions = 0
    const blobs = device({
      remote: remote({ token: () => Promise.resolve(tokens[questions++] ?? '') }),
      backoff: { delaysMs: [3_600_000] },
    })
    behave(authorised('old'))
    await blobs.sync()
    behave(authorised('new'))
    for (let n = 0; n < 20; n += 1) await blobs.put(text(`${n}`), { id: `b${n}` })
    const report = await blobs.sync()
    expect(report.waiting).toEqual([])
    expect(blobs.getSnapshot()).toMatchObject({ access: 'granted', counts: { SYNCED: 20 } })
    expect(questions).toBe(2)
  })

  test('a token that stays bad denies access until the app resumes', async () => {
    const { device, behave } = await served()
    behave(() => answer(401))
    const blobs = device()
    await blobs.put(text('a'), { id: 'a' })
    const report = await blobs.sync()
    expect(report).toMatchObject({ waiting: [{ id: 'a' }], failure: { _tag: 'Unauthorized' } })
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ phase: 'queued', attempt: 0 })
    expect(blobs.getSnapshot().access).toBe('denied')
    expect(blobs.explain('a').map(({ code }) => code)).toContain('denied')
    await expect(blobs.get('other')).rejects.toMatchObject({ failure: { _tag: 'Unauthorized' } })
    behave()
    blobs.resume()
    await blobs.idle()
    expect(blobs.blob('a').getSnapshot().status).toBe('SYNCED')
    expect(blobs.getSnapshot().access).toBe('granted')
  })
})

describe('Forbidden and TooLarge', () => {
  test.each([
    [403, 'forbidden', 'Forbidden'],
    [413, 'tooLarge', 'TooLarge'],
  ] as const)('%i holds the blob as %s, others go on, a retry tries again', async (status, held, _tag) => {
    const { device, behave, asked } = await served()
    behave(when(isFor('PUT', 'a'), answer(status)))
    const blobs = device()
    await blobs.put(text('a'), { id: 'a' })
    await blobs.put(text('b'), { id: 'b' })
    const report = await blobs.sync()
    expect(report.held).toMatchObject([{ id: 'a', held, failure: { _tag } }])
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_UPLOAD', phase: 'held', held })
    expect(blobs.blob('b').getSnapshot().status).toBe('SYNCED')
    await blobs.sync()
    expect(asked().filter((line) => line === 'PUT a')).toHaveLength(1)
    behave()
    await blobs.retry()
    await blobs.idle()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null })
  })

  test('a forbidden download is held, and get says so', async () => {
    const { device, behave } = await holdingA()
    behave(when(isFor('GET'), answer(403)))
    const blobs = device()
    expect((await blobs.sync()).held).toMatchObject([{ id: 'a', held: 'forbidden' }])
    await expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'Forbidden' } })
    behave()
    expect(await (await blobs.get('a')).text()).toBe('hello')
  })
})

describe('NotFound', () => {
  test('a download that the remote deleted meanwhile is settled by the next list', async () => {
    const { device, behave, other, server } = await holdingA()
    let gets = 0
    behave((request) => {
      if (isFor('GET')(request) && ++gets === 1) {
        server.tombstones.add('ann/default/a')
        server.blobs.delete('ann/default/a')
      }
      return undefined
    })
    const blobs = device()
    const gone: string[] = []
    blobs.on('blob.deleted', ({ id }) => gone.push(id))
    await blobs.sync()
    await blobs.idle()
    expect([gone, blobs.list()]).toEqual([['a'], []])
    expect((await other.sync()).trashed).toMatchObject([{ id: 'a' }])
  })

  test('a listed blob that is not given backs off', async () => {
    const { device, behave } = await holdingA()
    behave(when(isFor('GET'), answer(404, {}, "Blob doesn't exist: a")))
    const blobs = device()
    const report = await blobs.sync({ wait: false })
    expect(report.waiting).toMatchObject([{ id: 'a', failure: { _tag: 'NotFound' } }])
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_DOWNLOAD', phase: 'backingOff' })
  })

  test('on DELETE it means done', async () => {
    const { other, server } = await holdingA()
    server.blobs.clear()
    server.tombstones.add('ann/default/a')
    await other.delete('a')
    await other.idle()
    expect(other.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_DELETE', phase: 'resting' })
    await other.sync()
    expect(other.list()).toEqual([])
  })
})

describe('Exists', () => {
  test('other content is a conflict; the local bytes stay readable', async () => {
    const { device } = await holdingA()
    const blobs = device()
    await blobs.put(text('other'), { id: 'a' })
    expect((await blobs.sync()).held).toMatchObject([{ id: 'a', held: 'conflict', failure: { _tag: 'Exists' } }])
    expect(await (await blobs.get('a')).text()).toBe('other')
  })

  test('the same content is synced', async () => {
    const { device } = await holdingA()
    const blobs = device()
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.sync()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null })
  })

  test('what does not verify is a conflict, also with our own content in it', async () => {
    const { device, behave } = await holdingA()
    behave(when(isFor('GET'), { do: 'flip', at: -1 }))
    const blobs = device()
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.sync()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_UPLOAD', held: 'conflict' })
  })
})

describe('QuotaExceeded', () => {
  test('uploads wait, downloads go on, and resume probes again', async () => {
    const { device, behave, asked } = await holdingA()
    behave(when(isFor('PUT'), answer(507)))
    const blobs = device({ transfers: 1 })
    await blobs.put(text('b'), { id: 'b' })
    await blobs.put(text('c'), { id: 'c' })
    await blobs.sync({ wait: false })
    expect(blobs.getSnapshot()).toMatchObject({ quota: 'exhausted', counts: { SYNCED: 1, PENDING_UPLOAD: 2 } })
    expect(blobs.blob('b').getSnapshot()).toMatchObject({ phase: 'queued', attempt: 0, held: null })
    expect(blobs.explain('b').map(({ code }) => code)).toContain('quota')
    expect(asked().filter((line) => line === 'PUT b' || line === 'PUT c')).toHaveLength(1)
    behave()
    blobs.resume()
    await blobs.idle()
    expect(blobs.getSnapshot()).toMatchObject({ quota: 'available', counts: { SYNCED: 3 } })
  })
})

describe('Tampered', () => {
  test('a failed tag is final until the app retries', async () => {
    const { device, behave, asked } = await holdingA()
    behave(when(isFor('GET'), { do: 'flip', at: 300 }))
    const blobs = device()
    const told: string[] = []
    blobs.on('blob.failed', ({ id }) => told.push(id))
    expect((await blobs.sync()).failed).toMatchObject([{ id: 'a', failure: { _tag: 'Tampered' } }])
    expect(blobs.blob('a').getSnapshot()).toMatchObject({
      status: 'FAILED_DOWNLOAD',
      phase: 'resting',
      attempt: 1,
      isHere: false,
    })
    expect(told).toEqual(['a'])
    const before = asked().length
    await blobs.sync()
    await expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'Tampered' } })
    expect(asked().slice(before)).toEqual(['GET ', 'GET '])
    behave()
    await blobs.retry('a')
    await blobs.idle()
    expect(await (await blobs.get('a')).text()).toBe('hello')
  })

  test('verifyAttempts tries again before it gives up', async () => {
    const { device, behave, asked } = await holdingA()
    behave(when(isFor('GET'), { do: 'flip', at: 300 }))
    const blobs = device({ verifyAttempts: 3, backoff: { delaysMs: [1] } })
    const before = asked().length
    await blobs.sync()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'FAILED_DOWNLOAD', attempt: 3 })
    expect(
      asked()
        .slice(before)
        .filter((line) => line === 'GET a'),
    ).toHaveLength(3)
  })

  test('it can be deleted', async () => {
    const { device, behave, server } = await holdingA()
    behave(when(isFor('GET'), { do: 'flip', at: 300 }))
    const blobs = device()
    await blobs.sync()
    await blobs.delete('a')
    await blobs.idle()
    expect(server.blobs.size).toBe(0)
    await blobs.sync()
    expect(blobs.list()).toEqual([])
  })
})

describe('the store', () => {
  const full = failure('StorageFull', 'No room left.')
  const broken = failure('StorageBroken', 'EIO')

  test('StorageFull pauses downloads, and touches nothing that is stored', async () => {
    const { device } = await holdingA()
    const store = memoryStore()
    let isFull = false
    const stage: typeof store.stage = (key) => async () => {
      const staging = await store.stage(key)()
      return E.map((open: Staging) => ({
        ...open,
        append: (bytes: Uint8Array) => (isFull ? () => Promise.resolve(E.left(full)) : open.append(bytes)),
      }))(staging)
    }
    const blobs = device({ store: { ...store, stage } })
    await blobs.put(text('mine'), { id: 'b' })
    isFull = true
    const report = await blobs.sync()
    expect(report.waiting).toMatchObject([{ id: 'a', failure: { _tag: 'StorageFull' } }])
    expect(blobs.getSnapshot().transfers).toBe('full')
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_DOWNLOAD', phase: 'queued', attempt: 0 })
    expect(blobs.blob('b').getSnapshot().status).toBe('SYNCED')
    await expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'StorageFull' } })
    expect(await (await blobs.get('b')).text()).toBe('mine')
    isFull = false
    blobs.resume()
    await blobs.idle()
    expect(await (await blobs.get('a')).text()).toBe('hello')
  })

  test('StorageBroken fails a put to its caller, and lets a download back off', async () => {
    const { device } = await holdingA()
    const store = memoryStore()
    const blobs = device({
      store: { ...store, write: () => () => Promise.resolve(E.left(broken)), stage: () => () => Promise.resolve(E.left(broken)) },
    })
    await expect(blobs.put(text('x'), { id: 'x' })).rejects.toMatchObject({ failure: { _tag: 'StorageBroken' } })
    await blobs.sync({ wait: false })
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_DOWNLOAD', ...backsOff('StorageBroken') })
    expect(blobs.list()).toHaveLength(1)
  })

  test('a payload that is gone holds its blob as corrupt; a damaged record is reported; the rest goes on', async () => {
    const { device, server } = await served()
    const memory = newMemory()
    const first = device({ store: memoryStore(memory), paused: true })
    for (const id of ['a', 'b', 'c']) await first.put(text(id), { id })
    await first.close()
    memory.payloads.delete('default/a')
    memory.records.set('default/b', { nonsense: true })
    const reported: string[] = []
    const second = device({ store: memoryStore(memory) })
    second.on('failure.reported', ({ _tag }) => reported.push(_tag))
    const report = await second.sync()
    expect(report.held).toMatchObject([{ id: 'a', held: 'corrupt', failure: { _tag: 'Corrupt' } }])
    expect(reported).toEqual(['Corrupt'])
    expect([...server.blobs.keys()]).toEqual(['ann/default/c'])
    await expect(second.get('a')).rejects.toMatchObject({ failure: { _tag: 'Corrupt' } })
  })
})

describe('Corrupt', () => {
  test.each(['<html>', '{"ids": []}', '', 'null'])('a list that is %j is none', async (body) => {
    const { device, behave } = await served()
    behave(when(isList, answer(200, {}, body)))
    const report = await device().sync({ wait: false })
    expect(report.failure).toMatchObject({ _tag: 'Corrupt' })
  })
})

describe('Aborted', () => {
  test('pause ends a transfer, which goes on later; no attempt counts', async () => {
    const { device, behave, server } = await served()
    behave(when(isFor('PUT'), { do: 'silence' }))
    const blobs = device()
    await blobs.put(text('hello'), { id: 'a' })
    await seen(blobs, 'a', ({ phase }) => phase === 'transferring')
    blobs.pause()
    await seen(blobs, 'a', ({ phase }) => phase === 'queued')
    await blobs.idle()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ attempt: 0, phase: 'queued' })
    expect((await blobs.sync()).waiting).toMatchObject([{ id: 'a' }])
    behave()
    blobs.resume()
    await blobs.idle()
    expect(blobs.blob('a').getSnapshot().status).toBe('SYNCED')
    expect(server.blobs.size).toBe(1)
  })
})
