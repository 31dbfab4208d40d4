import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import type { BlobView } from '../../src/index'
import { serverError, throttled, failure } from '../../src/model/failure'
import { memoryRemote } from '../../src/remote/memory'
import type { Supports } from '../../src/remote/remote'
import { namespaceIn } from '../../src/remote/memory-content'
import { newMemory } from '../../src/store/memory'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes } from '../../src/testing/expect'
import { nextTurn, settled } from '../virtual-clock'
import { device, gate } from './device'
import {
  cipher,
  crashed,
  cut,
  held,
  isSynced,
  key,
  line,
  MiB,
  readBack,
  recordOn,
  sender,
  type Fate,
  type Line,
} from './in-parts'

/** Four parts, the last one not full. */
const content = noise(3_600_000)
const totalBytes = cipher.encryptedSize(content.length)
const inOneGo = ['supports', 'create', 'append', 'append', 'append', 'append', 'stat']

describe('a blob above one part', () => {
  test('goes in parts, begun in the record before the first one leaves, and is synced once the blob itself answers', async () => {
    const made = line()
    const { blobs, disk, until } = sender(made.remote)
    const written: unknown[] = []
    made.fate = ({ verb }) => {
      if (verb === 'append' || verb === 'stat') written.push(recordOn(disk, 'a'))
      expect(blobs.blob('a').getSnapshot().status).toBe('PENDING_UPLOAD')
      return null
    }
    await blobs.put(content, { id: 'a' })
    await until('a', isSynced)
    expect(made.verbs()).toEqual(inOneGo)
    const [session] = [...new Set(written.map((record) => JSON.stringify(record)))]
    expect(JSON.parse(session ?? '')).toMatchObject({
      upload: { session: expect.any(String), sentBytes: 0 },
      uploadWasTried: true,
    })
    expect(written).toHaveLength(5)
    expect(recordOn(disk, 'a')).toMatchObject({ status: 'SYNCED', upload: null, attempts: 0 })
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
    expect(made.memory.sessions.size).toBe(0)
  })

  test('goes in larger parts the better the line is, as far as memory allows, each a multiple of the least', async () => {
    const sizesWith = async (inFlightBytes: number) => {
      const made = line()
      const { blobs, until } = sender(made.remote, { inFlightBytes })
      await blobs.put(noise(20 * MiB), { id: 'a' })
      await until('a', isSynced)
      return made.calls.flatMap(({ sizeBytes }) => (sizeBytes === undefined ? [] : [sizeBytes / MiB]))
    }
    const sizes = await sizesWith(32 * MiB)
    // The next part is made while the first one travels.
    expect(sizes.slice(0, -1)).toEqual([1, 1, 2, 2, 4, 4])
    expect((await sizesWith(5 * MiB)).slice(0, -1)).toEqual([1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    expect((await sizesWith(0)).slice(0, -1)).toEqual(Array.from({ length: 20 }, () => 1))
  })

  test('goes whole to a remote that does not take parts, or does not say', async () => {
    const without = memoryRemote({ powers: { batches: false, resumableUploads: false } })
    const made = line()
    made.fate = ({ verb }) => (verb === 'supports' ? serverError('no such page', 404) : null)
    for (const remote of [without, made.remote]) {
      const { blobs, until } = sender(remote)
      await blobs.put(content, { id: 'a' })
      await until('a', isSynced)
    }
    expect(made.verbs()).toEqual(['supports', 'put'])
  })

  test('waits for a remote that cannot say for a moment: sent whole, it would hold its slot to the end', async () => {
    const made = line()
    made.fate = ({ verb, at }) => (verb === 'supports' && at === 0 ? serverError('it is being started', 502) : null)
    const { blobs, until } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await until('a', isSynced)
    expect(made.verbs()).toEqual(['supports', ...inOneGo])
  })

  test('of one part goes whole', async () => {
    const made = line()
    const { blobs, until } = sender(made.remote)
    await blobs.put(noise(MiB), { id: 'a' })
    await until('a', isSynced)
    expect(made.verbs()).toEqual(['put'])
  })
})

describe('a call that fails', () => {
  for (const at of inOneGo.keys())
    for (const fate of ['lost', 'unheard'] as const) {
      test(`${inOneGo[at]}, ${at}, ${fate}: the upload goes on where it was, once the wait is over`, async () => {
        const made = line()
        made.fate = (call) => (call.at === at ? fate : null)
        const { blobs, until } = sender(made.remote)
        await blobs.put(content, { id: 'a' })
        const failed = await until('a', ({ phase }) => phase === 'backingOff')
        expect(failed).toMatchObject({ attempt: 1, lastFailure: cut })
        await until('a', isSynced)
        const again = Math.max(0, made.sentBytes() - totalBytes)
        expect(again).toBeLessThanOrEqual(MiB)
        if (fate === 'unheard') expect(again).toBe(0)
        expectBytes(await readBack(made.memory, 'a'), content, 'the content')
        expect([...made.memory.sessions.values()].filter(({ arrivedBytes }) => arrivedBytes > 0)).toEqual([])
      })
    }

  test('after progress waits as after the first failure; without progress ever longer', async () => {
    const waits = async (fate: (append: number) => Fate) => {
      const made = line()
      let appends = 0
      made.fate = ({ verb }) => (verb === 'append' ? fate(appends++) : null)
      const { blobs, until, clock } = sender(made.remote)
      const seen: number[] = []
      blobs.on('blob.changed', ({ phase, nextAttemptAtMs }) => {
        if (phase === 'backingOff') seen.push(((nextAttemptAtMs ?? 0) - clock.now()) / 1000)
      })
      await blobs.put(content, { id: 'a' })
      await until('a', () => seen.length === 3)
      return seen
    }
    expect(await waits((append) => (append % 2 === 0 ? null : 'lost'))).toEqual([10, 10, 10])
    expect(await waits(() => 'lost')).toEqual([10, 20, 30])
    // It was all there before: hearing of it again is no progress.
    expect(await waits((append) => (append === 0 ? null : 'lost'))).toEqual([10, 20, 30])
  })

  test('is no reason to begin anew: the session stays, also where access, quota or pace are refused', async () => {
    const refusals = [failure('Unauthorized', 'old'), failure('QuotaExceeded', 'full'), throttled('slow down', 1000, true)]
    for (const refusal of refusals) {
      const made = line()
      made.fate = (call) => (call.at === 3 ? refusal : null)
      const { blobs, until } = sender(made.remote)
      await blobs.put(content, { id: 'a' })
      await until('a', isSynced)
      expect(made.verbs().filter((verb) => verb === 'create')).toHaveLength(1)
      expect(made.sentBytes()).toBe(totalBytes + MiB)
    }
  })

  test('as TooLarge makes the parts smaller, for good; only a least one that is too large holds the blob', async () => {
    const made = line()
    made.fate = ({ sizeBytes = 0 }) => (sizeBytes > MiB ? failure('TooLarge', 'no such part') : null)
    const { blobs, until } = sender(made.remote, { inFlightBytes: 32 * MiB })
    await blobs.put(noise(6 * MiB), { id: 'a' })
    await until('a', isSynced)
    expect(made.calls.filter(({ sizeBytes = 0 }) => sizeBytes > MiB)).toHaveLength(1)

    const strict = line()
    strict.fate = ({ verb }) => (verb === 'append' ? failure('TooLarge', 'no such part') : null)
    const other = sender(strict.remote)
    await other.blobs.put(content, { id: 'a' })
    expect(await other.until('a', ({ phase }) => phase === 'held')).toMatchObject({ held: 'tooLarge' })
  })
})

describe('a device that dies', () => {
  const fates = ['lost', 'half', 'unheard'] as const
  test.each(inOneGo.map((verb, at) => [at, verb] as const))('at call %d, %s, goes on from what is on its disk', async (at) => {
    for (const fate of fates) {
      const made = line()
      const first = sender(made.remote)
      const dead = gate()
      let left = newMemory()
      made.fate = (call) => (call.at === at ? fate : null)
      made.after = async (call) => {
        if (call.at !== at) return
        left = crashed(first.disk)
        dead.open()
        await new Promise(() => {})
      }
      await first.blobs.put(content, { id: 'a' })
      await dead.opened
      const second = sender(made.remote, {}, left)
      await second.until('a', isSynced)
      const again = Math.max(0, made.sentBytes() - totalBytes)
      expect(again).toBeLessThanOrEqual(MiB)
      expectBytes(await readBack(made.memory, 'a'), content, 'the content')
      expect(recordOn(second.disk, 'a')).toMatchObject({ status: 'SYNCED', upload: null })
    }
  })
})

describe('an upload that has expired', () => {
  test.each([1, 2, 3])('after %d parts begins anew, and nobody is told of an error', async (parts) => {
    const made = line()
    let appends = 0
    made.fate = ({ verb }) => {
      if (verb === 'append' && ++appends === parts + 1) made.memory.sessions.clear()
      return null
    }
    const { blobs, until } = sender(made.remote)
    const failures: unknown[] = []
    blobs.on('blob.changed', ({ lastFailure }) => failures.push(lastFailure))
    await blobs.put(content, { id: 'a' })
    await until('a', isSynced)
    expect(new Set(failures)).toEqual(new Set([null]))
    expect(made.verbs().filter((verb) => verb === 'create')).toHaveLength(2)
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
  })

  test('while the device was off begins anew at once', async () => {
    const made = line()
    made.fate = ({ at }) => (at === 3 ? 'lost' : null)
    const { blobs, until } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await until('a', ({ phase }) => phase === 'backingOff')
    made.memory.sessions.clear()
    await until('a', isSynced)
    expect(made.verbs().slice(4)).toEqual(['supports', 'offset', 'create', 'append', 'append', 'append', 'append', 'stat'])
  })

  test('again and again is a failure of the remote, which waits ever longer', async () => {
    const made = line()
    made.fate = ({ verb }) => (verb === 'append' ? failure('NotFound', 'expired') : null)
    const { blobs, until } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    const view = await until('a', ({ phase, attempt }) => phase === 'backingOff' && attempt === 3)
    expect(view.lastFailure).toMatchObject({ _tag: 'ServerError' })
    expect(made.verbs().filter((verb) => verb === 'create').length).toBeLessThanOrEqual(6)
  })
})

describe('an id that is taken', () => {
  test('by the same upload, whose end nobody heard of, is synced without a byte more', async () => {
    const made = line()
    made.fate = ({ at }) => (at === 5 ? 'unheard' : null)
    const { blobs, until } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await until('a', isSynced)
    expect(made.verbs().slice(6)).toEqual(['supports', 'offset', 'create', 'stat'])
    expect(made.sentBytes()).toBe(totalBytes)
  })

  test.each([
    ['before', 1],
    ['while it is sent', 4],
  ])('by another content %s holds the blob as a conflict, and what is there stays', async (_, at) => {
    const made = line()
    const other = device({ remote: memoryRemote({ memory: made.memory, powers: { batches: false } }), cipher })
    made.fate = (call) => {
      if (call.at === at) void other.put(noise(10), { id: 'a' })
      return null
    }
    made.after = async (call) => {
      if (call.at === at - 1 && at > 1) return
      for (let turn = 0; turn < 50 && call.at >= at - 1 && held(made.memory, 'a') === undefined; turn += 1) await nextTurn()
    }
    const { blobs, until } = sender(made.remote)
    if (at === 1) {
      await other.put(noise(10), { id: 'a' })
      await other.sync()
    }
    await blobs.put(content, { id: 'a' })
    expect(await until('a', ({ phase }) => phase === 'held')).toMatchObject({ held: 'conflict' })
    expectBytes(await readBack(made.memory, 'a'), noise(10), 'the content that was there')
  })
})

describe('a remote that lies', () => {
  test('about the end is not believed: what it does not hold stays pending, and is sent anew in the end', async () => {
    const made = line()
    made.after = async ({ from = 0, sizeBytes = 0 }) => {
      if (from + sizeBytes === totalBytes) namespaceIn(made.memory, key('a').namespace).blobs.clear()
    }
    const { blobs, until } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    const view = await until('a', ({ phase }) => phase === 'backingOff')
    expect(view).toMatchObject({ status: 'PENDING_UPLOAD', isHere: true, lastFailure: { _tag: 'Unreachable' } })
    made.after = async () => {}
    await until('a', isSynced)
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
  })

  test('about having all of it is given a few attempts, then the upload is ended and begun anew', async () => {
    const made = line()
    made.fate = ({ at }) => (at === 3 ? 'lost' : null)
    const { blobs, until, disk } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await until('a', ({ phase }) => phase === 'backingOff')
    const [session] = made.memory.sessions.values()
    if (session === undefined) throw new Error('There is a session.')
    // All that it says is that all is there.
    session.arrivedBytes = totalBytes
    await until('a', isSynced)
    expect(made.verbs().filter((verb) => verb === 'end')).toHaveLength(1)
    expect(made.verbs().filter((verb) => verb === 'create')).toHaveLength(2)
    expect(recordOn(disk, 'a')).toMatchObject({ status: 'SYNCED', upload: null })
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
  })

  test.each([
    ['stays where it is', () => 0],
    ['goes back and forth', (asked: number) => (asked % 2) * MiB],
    ['has more than there is', () => 2 ** 40],
  ])('and %s keeps nobody busy: the attempt fails, and waits', async (_, offsetAt) => {
    const made = line()
    const { resumable } = made.remote
    if (resumable === undefined) return
    let asked = 0
    const lying = { ...resumable, append: () => async () => E.right(offsetAt(asked++)) }
    const { blobs, until } = sender({ ...made.remote, resumable: lying })
    await blobs.put(content, { id: 'a' })
    expect(await until('a', ({ phase }) => phase === 'backingOff')).toMatchObject({ lastFailure: { _tag: 'ServerError' } })
    expect(asked).toBeLessThanOrEqual(8)
  })
})

describe('a session that is another account’s by now', () => {
  test('is none: another one is begun', async () => {
    const made = line()
    made.fate = ({ at }) => (at === 4 ? 'lost' : null)
    const { resumable } = made.remote
    if (resumable === undefined) throw new TypeError('The remote has the power.')
    let isBarred = false
    const guarded = {
      ...resumable,
      offset: (session: string) => (isBarred ? TE.left(failure('Forbidden', 'not yours')) : resumable.offset(session)),
    }
    const { blobs, until } = sender({ ...made.remote, resumable: guarded })
    await blobs.put(content, { id: 'a' })
    await until('a', ({ phase }) => phase === 'backingOff')
    isBarred = true
    await until('a', isSynced)
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
  })

  test('is none where nothing else is let in either: that holds the blob', async () => {
    const made = line()
    made.fate = ({ at }) => (at < 4 ? null : failure('Forbidden', 'not yours'))
    const { blobs, until } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    expect(await until('a', ({ phase }) => phase === 'held')).toMatchObject({ held: 'forbidden' })
    await blobs.retry('a')
    expect(await until('a', ({ phase }) => phase === 'held')).toMatchObject({ held: 'forbidden' })
  })
})

describe('what the app does meanwhile', () => {
  const stopAt = (at: number) => {
    const made = line()
    const [reached, resumed] = [gate(), gate()]
    made.after = async (call) => {
      if (call.at !== at) return
      reached.open()
      await resumed.opened
    }
    return { made, reached, resumed }
  }

  test.each([1, 2, 4])('a deletion at call %d ends the upload on the remote, and nothing of it is left', async (at) => {
    const { made, reached, resumed } = stopAt(at)
    const { blobs, clock, disk } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await reached.opened
    await blobs.delete('a')
    resumed.open()
    for (let step = 0; step < 50 && made.memory.sessions.size > 0; step += 1) await clock.advance(1000)
    await clock.advance(1000)
    expect(made.memory.sessions.size).toBe(0)
    expect(held(made.memory, 'a')).toBeUndefined()
    expect(recordOn(disk, 'a')).toMatchObject({ status: 'PENDING_DELETE', erasedAtMs: expect.any(Number), upload: null })
    if (at > 1) expect(made.verbs().slice(-2)).toEqual(['end', 'delete'])
  })

  test.each([
    ['refuses to end uploads', (made: Line) => void (made.fate = ({ verb }) => (verb === 'end' ? serverError('no', 405) : null))],
    ['forbids it', (made: Line) => void (made.fate = ({ verb }) => (verb === 'end' ? failure('Forbidden', 'no') : null))],
  ])('a deletion arrives also where the remote %s', async (_, refuse) => {
    const { made, reached, resumed } = stopAt(3)
    const { blobs, clock, disk } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await reached.opened
    refuse(made)
    await blobs.delete('a')
    resumed.open()
    await clock.advance(5000)
    expect(made.verbs().slice(-2)).toEqual(['end', 'delete'])
    expect(recordOn(disk, 'a')).toMatchObject({ status: 'PENDING_DELETE', erasedAtMs: expect.any(Number) })
  })

  test('a deletion asks a remote that takes no parts by now for nothing but that', async () => {
    const { made, reached, resumed } = stopAt(3)
    const before = sender(made.remote)
    await before.blobs.put(content, { id: 'a' })
    await reached.opened
    const left = crashed(before.disk)
    const after = line(made.memory)
    const without = TE.map((all: Supports) => ({ ...all, resumableUploads: false }))
    const remote = { ...after.remote, supports: () => without(after.remote.supports()) }
    const { blobs, clock, disk } = sender(remote, { paused: true }, left)
    await blobs.delete('a')
    blobs.resume()
    await clock.advance(5000)
    expect(after.verbs()).toEqual(['supports', 'delete'])
    expect(recordOn(disk, 'a')).toMatchObject({ status: 'PENDING_DELETE', erasedAtMs: expect.any(Number) })
    resumed.open()
  })

  test('a pause keeps the session, and what was sent before it is not sent again', async () => {
    const { made, reached, resumed } = stopAt(3)
    const { blobs, until, clock } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await reached.opened
    blobs.pause()
    resumed.open()
    await clock.advance(60_000)
    expect(made.calls.length).toBe(4)
    blobs.resume()
    await until('a', isSynced)
    expect(made.verbs().slice(4)).toEqual(['supports', 'offset', 'append', 'append', 'stat'])
    expect(made.sentBytes()).toBe(totalBytes)
  })

  test('a priority given while it is sent loses nothing of the session', async () => {
    const { made, reached, resumed } = stopAt(3)
    const { blobs, until, disk } = sender(made.remote)
    await blobs.put(content, { id: 'a' })
    await reached.opened
    blobs.pause()
    await blobs.setPriority('a', 'urgent')
    resumed.open()
    await until('a', ({ priority }) => priority === 'urgent')
    const left = crashed(disk)
    await blobs.close()
    const after = sender(made.remote, {}, left)
    await after.until('a', isSynced)
    expect(made.verbs().filter((verb) => verb === 'create')).toHaveLength(1)
    expect(made.sentBytes()).toBe(totalBytes)
  })
})

describe('the slot of a big blob', () => {
  const order = async (second: { readonly sizeBytes: number; readonly priority?: 'high' | 'low' }) => {
    const made = line()
    const { blobs, until } = sender(made.remote, { transfers: 1 })
    const [reached, resumed] = [gate(), gate()]
    made.after = async (call) => {
      if (call.at !== 2) return
      reached.open()
      await resumed.opened
    }
    const ended: string[] = []
    blobs.on('blob.synced', ({ id }) => ended.push(id))
    await blobs.put(content, { id: 'a' })
    await reached.opened
    await blobs.put(noise(second.sizeBytes), { id: 'b', ...(second.priority === undefined ? {} : { priority: second.priority }) })
    resumed.open()
    await until('a', isSynced)
    await until('b', isSynced)
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
    return { ended, verbs: made.verbs() }
  }

  test('goes to a small one between two parts, and back, with nothing sent twice and no failure', async () => {
    const { ended, verbs } = await order({ sizeBytes: 100_000 })
    expect(ended).toEqual(['b', 'a'])
    expect(verbs).toEqual([...inOneGo.slice(0, 3), 'put', 'supports', 'offset', ...inOneGo.slice(3)])
  })

  test('goes to a more pressing one, also if that is as big', async () => {
    expect((await order({ sizeBytes: content.length, priority: 'high' })).ended).toEqual(['b', 'a'])
  })

  test('does not go to one as big or less pressing: no more sessions are open than are needed', async () => {
    expect((await order({ sizeBytes: content.length })).ended).toEqual(['a', 'b'])
    const { ended, verbs } = await order({ sizeBytes: 100, priority: 'low' })
    expect(ended).toEqual(['a', 'b'])
    expect(verbs).toEqual([...inOneGo, 'put'])
  })

  test('goes to a small one also while it is what finds out whether there is room on the account again', async () => {
    const made = line()
    const { blobs, until } = sender(made.remote)
    const [reached, resumed] = [gate(), gate()]
    let isFull = true
    made.fate = ({ verb }) => (verb === 'create' && isFull ? failure('QuotaExceeded', 'full') : null)
    made.after = async ({ verb }) => {
      if (verb !== 'append') return
      reached.open()
      await resumed.opened
    }
    const ended: string[] = []
    blobs.on('blob.synced', ({ id }) => ended.push(id))
    await blobs.put(content, { id: 'a' })
    await until('a', ({ lastFailure }) => lastFailure?._tag === 'QuotaExceeded')
    isFull = false
    await until('a', ({ phase }) => phase === 'transferring')
    await reached.opened
    expect(blobs.getSnapshot().quota).toBe('probing')
    await blobs.put(noise(100_000), { id: 'b' })
    resumed.open()
    await until('a', isSynced)
    expect(ended).toEqual(['b', 'a'])
  })
})

describe('a priority given while a big blob is sent', () => {
  /** A big blob on its only slot, of which the second part waits. */
  const halfway = async () => {
    const made = line()
    const { blobs, until } = sender(made.remote, { transfers: 1 })
    const [reached, resumed] = [gate(), gate()]
    made.after = async (call) => {
      if (call.at !== 2) return
      reached.open()
      await resumed.opened
    }
    const ended: string[] = []
    blobs.on('blob.synced', ({ id }) => ended.push(id))
    await blobs.put(content, { id: 'a' })
    await reached.opened
    return { blobs, until, ended, resumed }
  }

  test('keeps it on its slot, in front of what it goes before now', async () => {
    const { blobs, until, ended, resumed } = await halfway()
    await blobs.setPriority('a', 'high')
    await blobs.put(noise(100_000), { id: 'b' })
    resumed.open()
    await until('a', isSynced)
    await until('b', isSynced)
    expect(ended).toEqual(['a', 'b'])
  })

  test('makes it leave its slot, and it waits as that says', async () => {
    const { blobs, until, ended, resumed } = await halfway()
    await blobs.setPriority('a', 'low')
    await blobs.put(content, { id: 'b' })
    resumed.open()
    const left: BlobView[] = []
    blobs.on('blob.changed', (view) => view.id === 'a' && left.push(view))
    await until('a', isSynced)
    expect(ended).toEqual(['b', 'a'])
    expect(left.find(({ phase }) => phase === 'queued')).toMatchObject({ priority: 'low' })
  })

  test('outlives a failure', async () => {
    const made = line()
    const { blobs, until, disk } = sender(made.remote)
    const reached = gate()
    made.after = async ({ at }) => {
      if (at !== 3) return
      reached.open()
      await blobs.setPriority('a', 'high')
    }
    made.fate = ({ at }) => (at === 3 ? 'lost' : null)
    await blobs.put(content, { id: 'a' })
    await reached.opened
    const { priority } = await until('a', ({ phase }) => phase === 'backingOff')
    expect(priority).toBe('high')
    await settled()
    expect(recordOn(disk, 'a')).toMatchObject({ priority: 'high' })
  })
})

test('progress is what the remote has taken, and never goes back, over all attempts and waits', async () => {
  const made = line()
  made.fate = ({ at }) => (at === 4 ? 'half' : at === 8 ? 'lost' : null)
  const { blobs, until } = sender(made.remote)
  const seen: number[] = []
  const stop = blobs.blob('a').subscribe(({ progress }) => {
    if (progress !== null) seen.push(progress.bytes)
    expect(progress?.totalBytes ?? totalBytes).toBe(totalBytes)
  })
  await blobs.put(content, { id: 'a' })
  await until('a', ({ phase }) => phase === 'backingOff')
  expect(blobs.blob('a').getSnapshot().progress?.bytes).toBe(2 * MiB)
  await until('a', isSynced)
  stop()
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(new Set(seen)).toEqual(new Set([0, MiB, 2 * MiB, 2.5 * MiB, 3 * MiB, totalBytes]))
})

test('speed and time left are told while bytes move, and not while they wait', async () => {
  const made = line()
  const { blobs, until, clock } = sender(made.remote)
  const [reached, resumed] = [gate(), gate()]
  made.fate = ({ at }) => (at === 4 ? 'lost' : null)
  made.after = async ({ at }) => {
    if (at !== 3 && at !== 4) return
    if (at === 4) reached.open()
    await (at === 3 ? clock.advance(2_000) : resumed.opened)
  }
  await blobs.put(content, { id: 'a' })
  await reached.opened
  const moving = blobs.blob('a').getSnapshot().progress
  expect(moving).toMatchObject({ bytes: 2 * MiB, totalBytes, bytesPerSecond: MiB })
  expect(moving?.msLeft).toBe(Math.ceil(((totalBytes - 2 * MiB) / MiB) * 1000))
  resumed.open()
  const waiting = await until('a', ({ phase }) => phase === 'backingOff')
  expect(waiting.progress).toMatchObject({ bytes: 2 * MiB, bytesPerSecond: null, msLeft: null })
})
