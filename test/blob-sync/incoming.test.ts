import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import { preambleText, writePreamble } from '../../src/cipher/preamble'
import type { BlobSync, Message } from '../../src/index'
import { concatenated, textBytes } from '../../src/model/bytes'
import { failure, type Failure } from '../../src/model/failure'
import { blobKey, type BlobKey } from '../../src/model/ids'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { namespaceIn } from '../../src/remote/memory-content'
import type { FlagPower, Remote } from '../../src/remote/remote'
import { bytesPayload } from '../../src/model/payload'
import { settled, virtualClock } from '../virtual-clock'
import { cipher, device } from './device'

const keyOf = (id: string): BlobKey => {
  const key = blobKey(id, 'MX')
  if (E.isLeft(key)) throw new Error(key.left.message)
  return key.right
}

/** What a server makes of a delivery: scheme 2, then the payload as it came. */
const delivered = (id: string, content: string): Uint8Array<ArrayBuffer> => {
  const preamble = writePreamble({ id, iv: new Uint8Array(16), seconds: 1, sizeField: 4096 })
  preamble.set([2, 3], 2)
  return concatenated(preambleText(preamble), textBytes(` ${content}`))
}

/** A box on a remote in memory, whose every step can be made to fail. */
const box = (fault: (step: string, id: string) => Failure | null = () => null) => {
  const memory = remoteMemory()
  const remote = memoryRemote({ memory })
  const steps: string[] = []
  const mx = () => namespaceIn(memory, keyOf('x').namespace)
  const step = <A>(name: string, id: string, run: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    pipe(
      TE.fromEither<Failure, void>(E.right(undefined)),
      TE.chain(() => {
        steps.push(`${name} ${id}`)
        const wrong = fault(name, id)
        return wrong === null ? run : TE.left(wrong)
      }),
    )
  const { flags } = remote
  if (flags === undefined) throw new Error('The memory remote has flags.')
  const watchedFlags: FlagPower = {
    ...flags,
    list: (request) => step('list', request.flag, flags.list(request)),
    set: (key, given, options) => step(given.join(), key.id, flags.set(key, given, options)),
  }
  const watched: Remote = {
    ...remote,
    flags: watchedFlags,
    get: (key, options) => step('get', key.id, remote.get(key, options)),
    delete: (key, options) => step('delete', key.id, remote.delete(key, options)),
  }
  const deliver = (id: string, content = `to ${id}`) => {
    mx().blobs.set(keyOf(id).id, delivered(id, content))
    mx().flags.set(keyOf(id).id, ['PENDING'])
  }
  return { remote: watched, steps, deliver, mx, flagsOf: (id: string) => mx().flags.get(keyOf(id).id) }
}

const consumer = () => {
  const saved = new Map<string, string>()
  return {
    saved,
    process: async ({ content }: Message) => content.text(),
    save: async (processed: string, { id }: Message) => void saved.set(id, processed),
  }
}

const endsOf = (blobs: BlobSync) => {
  const ends: string[] = []
  blobs.on('incoming.saved', ({ id }) => ends.push(`saved ${id}`))
  blobs.on('incoming.failed', ({ id, failure: { message } }) => ends.push(`failed ${id}: ${message}`))
  return ends
}

describe('the incoming box', () => {
  test('is emptied, the oldest first; each is marked, saved, marked again and only then deleted', async () => {
    const { remote, steps, deliver, mx } = box()
    for (const id of ['b', 'a', 'c']) deliver(id)
    const blobs = device({ remote })
    const ends = endsOf(blobs)
    const given = consumer()
    const save: typeof given.save = async (processed, message) => {
      steps.push(`save ${message.id}`)
      await given.save(processed, message)
    }
    await blobs.incoming({ ...given, save }).check()
    expect([...given.saved]).toEqual([
      ['b', 'to b'],
      ['a', 'to a'],
      ['c', 'to c'],
    ])
    expect(steps.filter((step) => step.endsWith(' b'))).toEqual(['PROCESSING b', 'get b', 'save b', 'PROCESSED b', 'delete b'])
    expect(ends).toEqual(['saved b', 'saved a', 'saved c'])
    expect(mx().blobs.size).toBe(0)
  })

  test('gives what came as external, and says so; what does verify is told apart', async () => {
    const { remote, deliver, mx } = box()
    deliver('outside')
    const own = await cipher.encrypt(keyOf('own'), await cipher.seal(), bytesPayload(textBytes('mine')))()
    if (E.isLeft(own) || !(own.right.body instanceof Uint8Array)) throw new Error('A small blob is encrypted whole.')
    mx().blobs.set(keyOf('own').id, own.right.body)
    mx().flags.set(keyOf('own').id, ['PENDING'])
    const seen: unknown[] = []
    const blobs = device({ remote })
    await blobs
      .incoming({ process: async ({ id, isExternal }) => void seen.push([id, isExternal]), save: async () => {} })
      .check()
    expect(seen).toEqual([
      ['outside', true],
      ['own', false],
    ])
  })

  test('marks FAILED what the app cannot process or save, with the reason, and goes on; a retry takes it up again', async () => {
    const { remote, deliver, flagsOf, mx } = box()
    for (const id of ['bad', 'unsaved', 'good']) deliver(id)
    const given = consumer()
    let isBroken = true
    const blobs = device({ remote })
    const ends = endsOf(blobs)
    const incoming = blobs.incoming({
      process: async (message) => {
        if (isBroken && message.id === 'bad') throw new Error('no such format')
        return given.process(message)
      },
      save: async (processed, message) => {
        if (isBroken && message.id === 'unsaved') throw new Error('the disk is full')
        await given.save(processed, message)
      },
    })
    await incoming.check()
    expect([flagsOf('bad'), flagsOf('unsaved'), [...given.saved.keys()]]).toEqual([['FAILED'], ['FAILED'], ['good']])
    expect(ends).toEqual([
      expect.stringContaining('failed bad: The app could not take it: no such format'),
      expect.stringContaining('the disk is full'),
      'saved good',
    ])
    isBroken = false
    await incoming.check()
    expect(flagsOf('bad')).toEqual(['FAILED'])
    await incoming.retry('bad')
    await incoming.check()
    expect(given.saved.get('bad')).toBe('to bad')
    expect(mx().blobs.has(keyOf('bad').id)).toBe(false)
  })

  test('marks FAILED a blob that claims to be ours and does not verify; the app never sees it', async () => {
    const { remote, mx, flagsOf } = box()
    const lie = delivered('lie', 'x'.repeat(100))
    const symmetric = concatenated(
      preambleText(writePreamble({ id: 'lie', iv: new Uint8Array(16), seconds: 1, sizeField: 4096 })),
    )
    lie.set(symmetric)
    mx().blobs.set(keyOf('lie').id, lie)
    mx().flags.set(keyOf('lie').id, ['PENDING'])
    const given = consumer()
    const blobs = device({ remote })
    await blobs.incoming(given).check()
    expect([given.saved.size, flagsOf('lie')]).toEqual([0, ['FAILED']])
  })

  const steps = ['PROCESSING', 'get', 'PROCESSED', 'delete'] as const
  for (const name of steps) {
    test(`loses nothing when the line is cut at ${name}, and saves no message under two names`, async () => {
      let cuts = 1
      const clock = virtualClock()
      const { remote, deliver, mx } = box((step) =>
        step === name && cuts-- > 0 ? failure('Unreachable', 'The line is cut.') : null,
      )
      for (const id of ['a', 'b']) deliver(id)
      const given = consumer()
      const blobs = device({ remote, clock })
      const incoming = blobs.incoming(given)
      await incoming.check()
      await settled()
      await clock.advance(10_000)
      await incoming.check()
      expect(new Set(given.saved.keys())).toEqual(new Set(['a', 'b']))
      expect(mx().blobs.size).toBe(0)
    })

    test(`is taken up by the next run when a crash came at ${name}`, async () => {
      const never = new Promise<never>(() => {})
      const first = box()
      for (const id of ['a', 'b']) first.deliver(id)
      const hanging: Remote = hangAt(first.remote, name, never)
      const given = consumer()
      const crashed = device({ remote: hanging })
      void crashed.incoming(given).check()
      await settled()
      await crashed.close()
      const blobs = device({ remote: first.remote })
      await blobs.incoming(given).check()
      expect(new Set(given.saved.keys())).toEqual(new Set(['a', 'b']))
      expect(first.mx().blobs.size).toBe(0)
    })
  }

  test('takes up again what Soledad’s client marked PROCESSED and did not save', async () => {
    const { remote, deliver, mx } = box()
    deliver('half')
    mx().flags.set(keyOf('half').id, ['PROCESSED'])
    const given = consumer()
    await device({ remote }).incoming(given).check()
    expect(given.saved.get('half')).toBe('to half')
    expect(mx().blobs.size).toBe(0)
  })

  test('is safe for two devices at once: everything is saved, whoever was faster', async () => {
    const { remote, deliver, mx } = box()
    for (let n = 0; n < 40; n += 1) deliver(`m${n}`)
    const given = consumer()
    const [a, b] = [device({ remote }), device({ remote })]
    const boxes = [a.incoming(given), b.incoming(given)]
    for (let round = 0; round < 3; round += 1) await Promise.all(boxes.map((each) => each.check()))
    expect(given.saved.size).toBe(40)
    expect(mx().blobs.size).toBe(0)
  })

  test('of more than a hundred is emptied in one go', async () => {
    const { remote, deliver } = box()
    for (let n = 0; n < 250; n += 1) deliver(`m${n}`)
    const given = consumer()
    const blobs = device({ remote })
    await blobs.incoming(given).check()
    expect(given.saved.size).toBe(250)
  })

  test('goes on with what a pause broke off', async () => {
    const held = { open: () => {} }
    const opened = new Promise<void>((resolve) => {
      held.open = resolve
    })
    const { remote, deliver, mx } = box()
    for (const id of ['a', 'b']) deliver(id)
    const given = consumer()
    const clock = virtualClock()
    const blobs = device({ remote, clock })
    let tries = 0
    const incoming = blobs.incoming({
      process: async (message) => {
        tries += 1
        if (tries === 1) await opened
        return given.process(message)
      },
      save: given.save,
    })
    await settled()
    blobs.pause()
    await settled()
    held.open()
    await settled()
    blobs.resume()
    await settled()
    await incoming.check()
    expect(new Set(given.saved.keys())).toEqual(new Set(['a', 'b']))
    expect(mx().blobs.size).toBe(0)
  })

  test('is looked into again after a while, not while paused, and never after stop or close', async () => {
    const clock = virtualClock()
    const { remote, steps, deliver } = box()
    const given = consumer()
    const blobs = device({ remote, clock })
    const incoming = blobs.incoming({ ...given, pollMs: 5_000 })
    await incoming.check()
    deliver('late')
    await clock.advance(4_999)
    expect(given.saved.size).toBe(0)
    await clock.advance(1)
    expect(given.saved.get('late')).toBe('to late')
    blobs.pause()
    await settled()
    const before = steps.length
    deliver('paused')
    await clock.advance(60_000)
    expect(steps).toHaveLength(before)
    blobs.resume()
    await clock.advance(0)
    expect(given.saved.get('paused')).toBe('to paused')
    incoming.stop()
    const after = steps.length
    await clock.advance(60_000)
    expect(steps).toHaveLength(after)
  })

  test('backs off while the remote is out of reach, as transfers do, and reports why', async () => {
    const clock = virtualClock()
    let isCut = true
    const { remote, steps, deliver } = box(() => (isCut ? failure('Unreachable', 'The line is cut.') : null))
    deliver('a')
    const given = consumer()
    const blobs = device({ remote, clock })
    const reported: string[] = []
    blobs.on('failure.reported', ({ _tag }) => reported.push(_tag))
    await blobs.incoming(given).check()
    const asked = () => steps.length
    const first = asked()
    await clock.advance(9_999)
    expect(asked()).toBe(first)
    await clock.advance(1)
    expect(asked()).toBeGreaterThan(first)
    const second = asked()
    await clock.advance(19_999)
    expect(asked()).toBe(second)
    isCut = false
    await clock.advance(1)
    expect(given.saved.size).toBe(1)
    expect(reported).toEqual(['Unreachable', 'Unreachable'])
  })

  test('goes on after an app’s handler has thrown, and tells it', async () => {
    const { remote, deliver } = box()
    for (const id of ['a', 'b']) deliver(id)
    const blobs = device({ remote })
    const reported: string[] = []
    blobs.on('failure.reported', ({ message }) => reported.push(message))
    blobs.on('incoming.saved', ({ id }) => {
      if (id === 'a') throw new Error('The handler is broken.')
    })
    const given = consumer()
    const handle = blobs.incoming(given)
    await handle.check()
    await handle.check()
    expect([...given.saved.keys()]).toEqual(['a', 'b'])
    expect(reported).toEqual(['A bug: Error: The handler is broken.'])
  })

  test('cannot be opened after close', async () => {
    const { remote, steps } = box()
    const blobs = device({ remote })
    await blobs.close()
    expect(() => blobs.incoming(consumer())).toThrow('closed')
    await settled()
    expect(steps).toEqual([])
  })

  test('that was stopped answers a check at once', async () => {
    const { remote } = box()
    const handle = device({ remote }).incoming(consumer())
    handle.stop()
    await handle.check()
    expect(handle.actor.getSnapshot().value).toBe('stopped')
    await settled()
  })

  test('needs a remote with flags, and says so', () => {
    const { flags: _, ...plain } = memoryRemote()
    expect(() => device({ remote: plain }).incoming(consumer())).toThrow(
      expect.objectContaining({ failure: { _tag: 'Forbidden', message: expect.any(String) } }),
    )
  })

  test('has an actor that an inspector sees under the coordinator', async () => {
    const seen: unknown[] = []
    const { remote } = box()
    const blobs = device({ remote, inspect: (event) => void ('id' in event.actorRef && seen.push(event.actorRef.id)) })
    await blobs.incoming(consumer()).check()
    expect(seen).toContain('incoming:MX')
  })
})

/** The remote, but one of its steps never ends. */
const hangAt = (remote: Remote, name: 'PROCESSING' | 'get' | 'PROCESSED' | 'delete', never: Promise<never>): Remote => {
  const { flags } = remote
  if (flags === undefined) throw new Error('It has flags.')
  return {
    ...remote,
    flags: { ...flags, set: (key, given, options) => (given.join() === name ? () => never : flags.set(key, given, options)) },
    get: (key, options) => (name === 'get' ? () => never : remote.get(key, options)),
    delete: (key, options) => (name === 'delete' ? () => never : remote.delete(key, options)),
  }
}
