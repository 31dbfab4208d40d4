import { describe, expect, test } from 'vitest'
import { isBlobSyncError, type BlobSyncEvents } from '../../src/index'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { memoryStore, newMemory } from '../../src/store/memory'
import { cipher, device, gate, recordOf, seen, text, watched } from './device'
import { nextTurn, settled } from '../virtual-clock'

const slowly = async function* (parts: readonly string[]) {
  for (const part of parts) yield text(part)
}

describe('put', () => {
  test('takes bytes, a buffer, a Blob, a stream and an iterable', async () => {
    const blobs = device()
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(text('he'))
        controller.enqueue(text('llo'))
        controller.close()
      },
    })
    const contents = [
      text('hello'),
      text('hello').buffer,
      new Blob(['hello']),
      new File(['hello'], 'x.txt'),
      stream,
      slowly(['hel', 'lo']),
    ]
    for (const content of contents) {
      const { id, sizeBytes } = await blobs.put(content)
      expect(sizeBytes).toBe(5)
      expect(await (await blobs.get(id)).text()).toBe('hello')
    }
  })

  test('keeps bytes as they were, whatever becomes of the buffer', async () => {
    const blobs = device()
    const bytes = text('hello')
    const putting = blobs.put(bytes, { id: 'a' })
    await putting
    bytes.fill(0)
    expect(await (await blobs.get('a')).text()).toBe('hello')
  })

  test('a blob of no bytes travels too', async () => {
    const remote = memoryRemote()
    const [a, b] = [device({ remote }), device({ remote })]
    await a.put(new Uint8Array(0), { id: 'empty' })
    await a.sync()
    await b.sync()
    expect((await b.get('empty')).size).toBe(0)
  })

  test('a stream that fails leaves nothing', async () => {
    const blobs = device()
    const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error('the disk is gone')) })
    await expect(blobs.put(broken, { id: 'a' })).rejects.toThrow('the disk is gone')
    expect(blobs.list()).toEqual([])
  })

  test('derives an id from the content, the same on each device', async () => {
    const [a, b] = [device(), device()]
    const one = await a.put(text('hello'), { id: 'content' })
    expect((await a.put(text('hello'), { id: 'content' })).id).toBe(one.id)
    expect((await b.put(text('hello'), { id: 'content' })).id).toBe(one.id)
    expect((await a.put(text('hello!'), { id: 'content' })).id).not.toBe(one.id)
    expect((await a.put(text('hello'), { id: 'content', namespace: 'other' })).id).not.toBe(one.id)
    expect(a.list()).toHaveLength(3)
  })

  test('content that is known only from the remote is durable here when it is put under its own id', async () => {
    const remote = memoryRemote()
    const a = device({ remote })
    const { id } = await a.put(text('hello'), { id: 'content' })
    await a.sync()
    const memory = newMemory()
    const b = device({ remote, store: memoryStore(memory), paused: true })
    await b.sync()
    expect(b.blob(id).getSnapshot()).toMatchObject({ status: 'PENDING_DOWNLOAD', isHere: false })
    await b.put(text('hello'), { id: 'content' })
    expect(memory.payloads.size).toBe(1)
    b.resume()
    await b.sync()
    expect(b.blob(id).getSnapshot()).toMatchObject({ status: 'SYNCED', isHere: true })
  })

  test('the same content twice is one blob; other content under the same id is refused', async () => {
    const blobs = device()
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.sync()
    await blobs.put(text('hello'), { id: 'a' })
    expect(blobs.list()).toHaveLength(1)
    for (const other of ['HELLO', 'hello!', '']) {
      await expect(blobs.put(text(other), { id: 'a' })).rejects.toMatchObject({
        name: 'BlobSyncError',
        failure: { _tag: 'Exists' },
        blob: { namespace: 'default', id: 'a' },
        message: expect.stringContaining('“a” is taken by other content'),
      })
    }
    expect(await (await blobs.get('a')).text()).toBe('hello')
  })

  test('two puts at the same moment: one content wins, the other is told', async () => {
    const blobs = device()
    const results = await Promise.allSettled([blobs.put(text('one'), { id: 'a' }), blobs.put(text('two'), { id: 'a' })])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await (await blobs.get('a')).text()).toBe('one')
  })

  test.each(['', '../x', 'a b', 'ä', 'a'.repeat(241), 'a\n'])('refuses the id %j', async (id) => {
    const blobs = device()
    await expect(blobs.put(text('hello'), { id })).rejects.toSatisfy(isBlobSyncError)
    expect(blobs.list()).toEqual([])
  })

  test('refuses what the cipher cannot hold, before any work', async () => {
    const blobs = device({ cipher: { ...cipher, plaintextBytesMax: 4 } })
    await expect(blobs.put(text('hello'))).rejects.toMatchObject({ failure: { _tag: 'TooLarge' } })
    expect(blobs.list()).toEqual([])
  })

  test('namespaces are apart', async () => {
    const remote = memoryRemote()
    const a = device({ remote })
    const b = device({ remote, namespaces: ['default', 'other'] })
    await a.put(text('one'), { id: 'a' })
    await a.put(text('two'), { id: 'a', namespace: 'other' })
    await a.sync()
    expect((await b.sync()).downloaded).toHaveLength(2)
    expect(await (await b.get('a')).text()).toBe('one')
    expect(await (await b.get('a', { namespace: 'other' })).text()).toBe('two')
  })
})

describe('local only', () => {
  test('it never leaves the device, and its deletion neither', async () => {
    const { remote, calls } = watched(memoryRemote())
    const blobs = device({ remote })
    await blobs.put(text('mine'), { id: 'a', localOnly: true })
    await blobs.sync()
    await blobs.retry('a')
    await blobs.retry()
    await blobs.idle()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_UPLOAD', held: 'localOnly', phase: 'held' })
    expect(await (await blobs.get('a')).text()).toBe('mine')
    await blobs.delete('a')
    await blobs.sync()
    expect(blobs.list()).toEqual([])
    expect(calls).toEqual(['list default'])
  })

  test('it stays so through a restart', async () => {
    const memory = newMemory()
    const { remote, calls } = watched(memoryRemote())
    const first = device({ store: memoryStore(memory), remote })
    await first.put(text('mine'), { id: 'a', localOnly: true })
    await first.close()
    const second = device({ store: memoryStore(memory), remote })
    expect((await second.sync()).held).toMatchObject([{ id: 'a', held: 'localOnly' }])
    expect(calls).toEqual(['list default'])
  })
})

describe('get', () => {
  test('what is here needs no request', async () => {
    const { remote, calls } = watched(memoryRemote())
    const blobs = device({ remote, paused: true })
    await blobs.put(text('hello'), { id: 'a' })
    expect(await (await blobs.get('a')).text()).toBe('hello')
    expect(calls).toEqual([])
  })

  test('what is elsewhere is fetched without a sync, also while paused, and before all others', async () => {
    const held = memoryRemote()
    const a = device({ remote: held })
    for (let n = 0; n < 20; n += 1) await a.put(text(`${n}`), { id: `b${n}` })
    await a.sync()
    const { remote, calls } = watched(held)
    const b = device({ remote, paused: true })
    expect(await (await b.get('b7')).text()).toBe('7')
    expect(calls).toEqual(['get b7'])
    await b.sync()
    expect(b.getSnapshot().counts).toMatchObject({ SYNCED: 1, PENDING_DOWNLOAD: 19 })
    expect(await (await b.get('b19')).text()).toBe('19')
  })

  test('what is on its way already when it is asked for comes, whatever pauses meanwhile', async () => {
    const held = memoryRemote()
    const a = device({ remote: held })
    await a.put(text('hello'), { id: 'a' })
    await a.sync()
    let begin = () => {}
    let answer = () => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const answered = new Promise<void>((resolve) => (answer = resolve))
    const { remote, calls } = watched(held, (call) => {
      if (call !== 'get') return undefined
      begin()
      return answered
    })
    const b = device({ remote })
    const synced = b.sync()
    await begun
    const got = b.get('a')
    await nextTurn()
    b.pause()
    answer()
    expect(await (await got).text()).toBe('hello')
    expect(calls.filter((call) => call === 'get a').length).toBe(1)
    await synced
  })

  test('the first failure rejects, and nothing is remembered of a blob that was only asked for', async () => {
    const blobs = device({ remote: memoryRemote() })
    await expect(blobs.get('nothing')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
    expect(blobs.list()).toEqual([])
    await expect(blobs.get('../x')).rejects.toMatchObject({ failure: { _tag: 'Corrupt' } })
  })

  test('a failed download is told without a request', async () => {
    const memory = newMemory()
    const failure = { _tag: 'Tampered', message: 'The tag does not verify.' } as const
    memory.records.set('default/a', recordOf('a', { status: 'FAILED_DOWNLOAD', failure, attempts: 1 }))
    const { remote, calls } = watched(memoryRemote())
    const blobs = device({ store: memoryStore(memory), remote })
    await expect(blobs.get('a')).rejects.toMatchObject({ failure })
    expect(calls).toEqual([])
  })

  test('what someone else encrypted is given only as external', async () => {
    const memory = newMemory()
    memory.records.set('default/a', recordOf('a', { status: 'SYNCED', isHere: true, isExternal: true, sizeBytes: 5 }))
    memory.payloads.set('default/a', text('hello'))
    const blobs = device({ store: memoryStore(memory) })
    await expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'Forbidden' } })
    expect(await (await blobs.get('a', { external: true })).text()).toBe('hello')
  })

  test('a signal ends it, and the blob that was only asked for is forgotten', async () => {
    const held = memoryRemote()
    const a = device({ remote: held })
    await a.put(text('hello'), { id: 'a' })
    await a.sync()
    const { open, opened } = gate()
    const controller = new AbortController()
    const { remote } = watched(held, (call) => {
      if (call !== 'get') return undefined
      controller.abort()
      return opened
    })
    const b = device({ remote })
    await expect(b.get('a', { signal: controller.signal })).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    open()
    expect(b.list()).toEqual([])
  })

  test('many who ask for the same blob share one request', async () => {
    const held = memoryRemote()
    const a = device({ remote: held })
    await a.put(text('hello'), { id: 'a' })
    await a.sync()
    const { remote, calls } = watched(held)
    const b = device({ remote })
    const all = await Promise.all(Array.from({ length: 5 }, async () => (await b.get('a')).text()))
    expect(all).toEqual(['hello', 'hello', 'hello', 'hello', 'hello'])
    expect(calls).toEqual(['get a'])
    expect(b.blob('a').getSnapshot().status).toBe('SYNCED')
  })
})

describe('the trash', () => {
  const trashed = async () => {
    const remote = memoryRemote()
    const memory = newMemory()
    const [a, b] = [device({ remote }), device({ remote, store: memoryStore(memory) })]
    await a.put(text('hello'), { id: 'a' })
    await a.sync()
    await b.sync()
    await a.delete('a')
    await a.sync()
    return { a, b, memory, remote, told: await b.sync() }
  }

  test('a copy that a tombstone removed rests there, invisible, and can be restored', async () => {
    const { a, b, told } = await trashed()
    expect(told.trashed).toEqual([{ namespace: 'default', id: 'a' }])
    expect(b.list()).toEqual([])
    expect(b.blob('a').getSnapshot().status).toBe('DELETED')
    await expect(b.get('a')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
    b.pause()
    await b.restore('a')
    expect(await (await b.get('a')).text()).toBe('hello')
    b.resume()
    expect((await b.sync()).uploaded).toEqual([{ namespace: 'default', id: 'a' }])
    await a.sync()
    await a.sync()
    expect(await (await a.get('a')).text()).toBe('hello')
    await b.sync()
    expect(await (await b.get('a')).text()).toBe('hello')
  })

  test('deleting what is in the trash purges it', async () => {
    const { b, memory } = await trashed()
    expect(memory.payloads.size).toBe(1)
    await b.delete('a')
    expect([memory.records.size, memory.payloads.size]).toEqual([0, 0])
    await expect(b.restore('a')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
  })

  test('it is emptied at a start after its time', async () => {
    const { b, memory, remote } = await trashed()
    await b.close()
    const kept = device({ remote, store: memoryStore(memory), trashMs: 60_000 })
    await kept.ready
    expect(memory.payloads.size).toBe(1)
    await kept.close()
    const emptied = device({ remote, store: memoryStore(memory), trashMs: 0 })
    await emptied.ready
    expect([memory.records.size, memory.payloads.size]).toEqual([0, 0])
  })

  test('very many removals wait for the app', { timeout: 30_000 }, async () => {
    const remote = memoryRemote()
    const memory = newMemory()
    const [a, b] = [device({ remote }), device({ remote, store: memoryStore(memory) })]
    for (let n = 0; n < 150; n += 1) await a.put(text(`${n}`), { id: `b${n}` })
    await a.sync()
    await b.sync()
    for (let n = 0; n < 120; n += 1) await a.delete(`b${n}`)
    await a.sync()
    const stopped = await b.sync()
    expect(stopped).toMatchObject({ removalsToConfirm: 120, trashed: [] })
    expect(b.list()).toHaveLength(150)
    const confirmed = await b.sync({ confirmRemovals: true })
    expect(confirmed.removalsToConfirm).toBe(0)
    expect(confirmed.trashed).toHaveLength(120)
    expect(b.list()).toHaveLength(30)
    expect(memory.payloads.size).toBe(150)
  })
})

describe('a conflict', () => {
  const conflicting = async () => {
    const held = memoryRemote()
    const { remote, calls } = watched(held)
    const [a, b, c] = [device({ remote: held }), device({ remote }), device({ remote: held })]
    await a.put(text('theirs'), { id: 'a' })
    await a.sync()
    await b.put(text('mine'), { id: 'a' })
    const report = await b.sync()
    expect(report.held).toMatchObject([{ id: 'a', held: 'conflict', failure: { _tag: 'Exists' } }])
    expect(await (await b.get('a')).text()).toBe('mine')
    return { a, b, c, calls }
  }

  test('mine replaces theirs everywhere', async () => {
    const { a, b, c } = await conflicting()
    await b.resolve('a', 'mine')
    await b.sync()
    await a.sync()
    await c.sync()
    for (const blobs of [a, b, c]) expect(await (await blobs.get('a')).text()).toBe('mine')
  })

  test('theirs replaces mine here', async () => {
    const { b } = await conflicting()
    await b.resolve('a', 'theirs')
    await b.sync()
    expect(await (await b.get('a')).text()).toBe('theirs')
    await expect(b.resolve('a', 'mine')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
  })

  test('a retry does not settle it, and no request asks again', async () => {
    const { b, calls } = await conflicting()
    calls.length = 0
    await b.retry('a')
    await b.retry()
    await b.sync()
    expect(b.blob('a').getSnapshot().held).toBe('conflict')
    expect(calls).toEqual([])
  })

  test('deleting it drops only what is here; theirs comes with the next sync', async () => {
    const { b, calls } = await conflicting()
    await b.delete('a')
    await b.sync()
    expect(calls).not.toContain('delete a')
    expect(await (await b.get('a')).text()).toBe('theirs')
  })

  test('the same content from two devices is no conflict', async () => {
    const remote = memoryRemote()
    const [a, b] = [device({ remote }), device({ remote })]
    await a.put(text('same'), { id: 'a' })
    await b.put(text('same'), { id: 'a' })
    await a.sync()
    await b.sync()
    expect(b.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null })
    await b.sync()
    expect(b.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null })
  })
})

describe('order', () => {
  test('a freed slot goes to the highest priority, then to the longest waiting; a priority may change while queued', async () => {
    const { open, opened } = gate()
    const { remote, calls } = watched(memoryRemote(), (_, id) => (id === 'first' ? opened : undefined))
    const blobs = device({ remote, transfers: 1 })
    await blobs.put(text('0'), { id: 'first' })
    for (const priority of ['low', 'medium', 'high'] as const) {
      await blobs.put(text('1'), { id: `${priority}-1`, priority })
      await blobs.put(text('2'), { id: `${priority}-2`, priority })
    }
    await blobs.setPriority('low-2', 'urgent')
    expect(blobs.blob('low-2').getSnapshot().priority).toBe('urgent')
    open()
    await blobs.idle()
    expect(calls).toEqual(['first', 'low-2', 'high-1', 'high-2', 'medium-1', 'medium-2', 'low-1'].map((id) => `put ${id}`))
  })
})

describe('what an app sees', () => {
  test('the snapshot is the same object until something changed', async () => {
    const blobs = device()
    await blobs.ready
    const first = blobs.getSnapshot()
    expect(blobs.getSnapshot()).toBe(first)
    const told: unknown[] = []
    const stop = blobs.subscribe((snapshot) => {
      told.push(snapshot)
      expect(blobs.getSnapshot()).toBe(snapshot)
    })
    await blobs.put(text('hello'), { id: 'a' })
    expect(blobs.getSnapshot()).not.toBe(first)
    await blobs.idle()
    const last = blobs.getSnapshot()
    expect(last).toMatchObject({ counts: { SYNCED: 1, PENDING_UPLOAD: 0 }, active: 0, bytesHere: 5, connectivity: 'online' })
    await Promise.resolve()
    expect(told.at(-1)).toBe(last)
    expect(blobs.getSnapshot()).toBe(last)
    stop()
    const before = told.length
    await blobs.put(text('more'), { id: 'b' })
    await blobs.idle()
    expect(told).toHaveLength(before)
  })

  test('a blob tells its listeners at once and at each change, and nobody after they left', async () => {
    const { open, opened } = gate()
    const { remote } = watched(memoryRemote(), () => opened)
    const blobs = device({ remote })
    const handle = blobs.blob('a')
    const phases: string[] = []
    const stop = handle.subscribe((view) => {
      expect(handle.getSnapshot()).toBe(view)
      expect(Object.isFrozen(view)).toBe(true)
      const step = `${view.status} ${view.phase}`
      if (phases.at(-1) !== step) phases.push(step)
    })
    expect(phases).toEqual(['DELETED resting'])
    await blobs.put(text('hello'), { id: 'a' })
    open()
    await blobs.idle()
    expect(phases).toEqual(['DELETED resting', 'PENDING_UPLOAD transferring', 'SYNCED resting'])
    expect(handle.getSnapshot()).toBe(handle.getSnapshot())
    stop()
    await blobs.delete('a')
    await blobs.sync()
    expect(phases).toHaveLength(3)
    expect(handle.getSnapshot().status).toBe('PENDING_DELETE')
    expect(Object.keys(blobs.actor.getSnapshot().children)).toEqual([])
    expect(blobs.actor.getSnapshot().context.actors.size).toBe(0)
  })

  test('events have names and types', async () => {
    const remote = memoryRemote()
    const [a, b] = [device({ remote }), device({ remote })]
    const told: string[] = []
    const names = ['blob.added', 'blob.synced', 'blob.deleted', 'blob.trashed', 'blob.held', 'blob.failed'] as const
    const stops = names.flatMap((name) => [
      a.on(name, ({ id }: BlobSyncEvents[typeof name]) => told.push(`a ${name} ${id}`)),
      b.on(name, ({ id }: BlobSyncEvents[typeof name]) => told.push(`b ${name} ${id}`)),
    ])
    await a.put(text('hello'), { id: 'x' })
    await a.sync()
    await b.sync()
    await b.delete('x')
    await b.sync()
    await a.sync()
    await b.sync()
    expect(told).toEqual(['a blob.added x', 'a blob.synced x', 'b blob.synced x', 'a blob.trashed x', 'b blob.deleted x'])
    for (const stop of stops) stop()
    await a.put(text('more'), { id: 'y' })
    expect(told).toHaveLength(5)
  })

  test('explain says why a blob does not move', async () => {
    const blobs = device({ paused: true })
    const codes = (id: string) => blobs.explain(id).map(({ code }) => code)
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.put(text('hello'), { id: 'b', localOnly: true })
    expect(codes('a')).toEqual(['queued', 'paused'])
    expect(codes('b')).toEqual(['held.localOnly'])
    expect(codes('nothing')).toEqual(['resting'])
    blobs.resume()
    await blobs.idle()
    expect(codes('a')).toEqual(['resting'])
  })

  test('explain counts the attempt that is under way from 1', async () => {
    const { open, opened } = gate()
    const { remote } = watched(memoryRemote(), () => opened)
    const blobs = device({ remote })
    await blobs.put(text('hello'), { id: 'a' })
    await seen(blobs, 'a', ({ phase }) => phase === 'transferring')
    expect(blobs.blob('a').getSnapshot().attempt).toBe(1)
    expect(blobs.explain('a')[0]?.text).toContain('attempt 1')
    open()
    await blobs.idle()
  })
})

describe('deleting', () => {
  test('an unknown id is NotFound', async () => {
    await expect(device().delete('a')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
  })

  test('what the remote never heard of is gone without a request', async () => {
    const { remote, calls } = watched(memoryRemote())
    const blobs = device({ remote, paused: true })
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.delete('a')
    expect(blobs.list()).toEqual([])
    blobs.resume()
    await blobs.idle()
    expect(calls).toEqual([])
  })

  test('an id whose deletion the remote has not heard yet is taken', async () => {
    const blobs = device({ paused: true })
    blobs.resume()
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.sync()
    blobs.pause()
    await blobs.delete('a')
    await blobs.delete('a')
    await expect(blobs.put(text('more'), { id: 'a' })).rejects.toThrow('still being deleted')
    await expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
    blobs.resume()
    await blobs.sync()
    await blobs.put(text('more'), { id: 'a' })
    await blobs.sync()
    expect(await (await blobs.get('a')).text()).toBe('more')
  })

  test('a store that cannot write the mark fails the deletion, and the blob stays', async () => {
    const store = memoryStore()
    const blobs = device({
      store: { ...store, drop: () => () => Promise.resolve({ _tag: 'Left', left: { _tag: 'StorageBroken', message: 'EIO' } }) },
    })
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.sync()
    await expect(blobs.delete('a')).rejects.toMatchObject({ failure: { _tag: 'StorageBroken' } })
    expect(await (await blobs.get('a')).text()).toBe('hello')
  })
})

describe('close', () => {
  test('twice is harmless, and whatever is asked after it is told so', async () => {
    const blobs = device()
    await blobs.put(text('hello'), { id: 'a' })
    const syncing = expect(blobs.sync()).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    await Promise.all([blobs.close(), blobs.close()])
    await syncing
    const calls = [blobs.put(text('more')), blobs.get('a'), blobs.get('b'), blobs.delete('a'), blobs.sync(), blobs.idle()]
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'BlobSyncError', failure: { _tag: 'Aborted' } } })
    }
  })

  test('what was under way goes on at the next start, with the same ciphertext', async () => {
    const memory = newMemory()
    const { open, opened } = gate()
    const held = memoryRemote()
    const { remote } = watched(held, () => opened)
    const first = device({ store: memoryStore(memory), remote })
    await first.put(text('hello'), { id: 'a' })
    await seen(first, 'a', ({ phase }) => phase === 'transferring')
    await first.close()
    open()
    const second = device({ store: memoryStore(memory), remote: held })
    await second.sync()
    expect(second.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null })
  })
})

describe('several callers at once', () => {
  test('deletions of the same blob all end', async () => {
    const blobs = device()
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.sync()
    await Promise.all([blobs.delete('a'), blobs.delete('a'), blobs.delete('a')])
    await blobs.sync()
    await blobs.sync()
    expect(blobs.list()).toEqual([])
  })

  test('one that is called off takes nothing from the others', async () => {
    const held = memoryRemote()
    const a = device({ remote: held })
    await a.put(text('hello'), { id: 'a' })
    await a.sync()
    const { open, opened } = gate()
    const { remote } = watched(held, () => opened)
    const b = device({ remote, paused: true })
    const controller = new AbortController()
    const first = expect(b.get('a', { signal: controller.signal })).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    const second = b.get('a')
    await seen(b, 'a', ({ phase }) => phase === 'transferring')
    controller.abort()
    await first
    open()
    expect(await (await second).text()).toBe('hello')
  })

  test('syncs that overlap both end, and both know of a blob put between them', async () => {
    const remote = memoryRemote()
    const [a, b] = [device({ remote }), device({ remote })]
    await a.put(text('1'), { id: '1' })
    await a.sync()
    const [one, two] = await Promise.all([b.sync(), b.sync()])
    expect(one.downloaded).toEqual(two.downloaded)
    expect(one.downloaded).toHaveLength(1)
  })
})

test('a blob that is put while its deletion is about to be marked keeps its bytes, or is deleted, and nothing in between', async () => {
  const memory = remoteMemory()
  const other = device({ remote: memoryRemote({ memory }) })
  const { id } = await other.put(text('content'), { id: 'content' })
  await other.idle()
  const kept = newMemory()
  const store = memoryStore(kept)
  let duringWrite = () => {}
  const blobs = device({
    paused: true,
    remote: memoryRemote({ memory }),
    store: {
      ...store,
      write: (record, payload) => () => {
        duringWrite()
        return store.write(record, payload)()
      },
    },
  })
  await blobs.sync({ wait: false })
  const ends: Promise<unknown>[] = []
  duringWrite = () => ends.push(blobs.delete(id).catch(() => {}))
  await blobs.put(text('content'), { id: 'content' })
  await Promise.all(ends)
  await settled()
  expect(ends).toHaveLength(1)
  const shown = blobs.blob(id).getSnapshot()
  // Whatever the record says of the payload must be so.
  const again = device({ paused: true, store: memoryStore(kept), remote: memoryRemote({ memory }) })
  await again.ready
  expect(again.blob(id).getSnapshot().status).toBe(shown.status)
  if (shown.isHere) expect(await (await again.get(id)).text()).toBe('content')
})

test('whoever closes a second time waits for the same end', async () => {
  const { opened, open } = gate()
  const store = memoryStore()
  const blobs = device({ store: { ...store, close: () => () => opened.then(store.close()) } })
  await blobs.ready
  let ended = 0
  const closing = [1, 2].map(() => blobs.close().then(() => (ended += 1)))
  await settled()
  expect(ended).toBe(0)
  open()
  await Promise.all(closing)
  expect(ended).toBe(2)
})

test('what a list found is known as soon as it is written, while another namespace is still being listed', async () => {
  const memory = remoteMemory()
  const other = device({ remote: memoryRemote({ memory }) })
  await other.put(text('theirs'), { id: 'one' })
  await other.idle()
  const { opened, open } = gate()
  const { remote } = watched(memoryRemote({ memory }), (call, id) => (call === 'list' && id === 'second' ? opened : undefined))
  const blobs = device({ remote, namespaces: ['default', 'second'] })
  const syncing = blobs.sync()
  await settled()
  expect(blobs.list().map(({ id }) => id)).toEqual(['one'])
  await expect(blobs.put(text('mine'), { id: 'one' })).rejects.toMatchObject({ failure: { _tag: 'Exists' } })
  open()
  await syncing
  expect(await (await blobs.get('one')).text()).toBe('theirs')
})
