import { fc, test as property } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import { atRest } from '../../src/cipher/at-rest'
import { webSegments } from '../../src/cipher/segment-engine'
import { bestSegments } from '../../src/cipher/segment-engine-node'
import { BLOB_FORMAT } from '../../src/cipher/segments'
import { concatenated, joined, textBytes } from '../../src/model/bytes'
import { failure } from '../../src/model/failure'
import { keyText, type BlobKey } from '../../src/model/ids'
import { blobPayload, bytesPayload, type Payload } from '../../src/model/payload'
import { encryptedBy, encryptedStore } from '../../src/store/encrypted'
import { memoryStore, newMemory, type Memory } from '../../src/store/memory'
import type { Store } from '../../src/store/store'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes, expectLeft, expectRight, expectSome } from '../../src/testing/expect'
import { storeFromPromises } from '../../src/store/promises'
import { sharedConformance } from '../../src/testing/shared-conformance'
import { storeConformance } from '../../src/testing/store-conformance'
import { key, recordOf } from '../../src/testing/store-ground'

const secret = noise(64)
const SEGMENT_BYTES = 64
const small = (engine = bestSegments()) => atRest(engine, { ...BLOB_FORMAT, segmentBytes: SEGMENT_BYTES }, secret)

let memory = newMemory()
const openMemory = () => memoryStore((memory = newMemory()))

for (const [what, wrap] of [
  ['', (store: Store) => encryptedStore(store, secret)],
  [', by WebCrypto', (store: Store) => encryptedBy(atRest(webSegments(crypto.subtle), BLOB_FORMAT, secret), store)],
  [', in segments of 64 bytes', (store: Store) => encryptedBy(small(), store)],
] as const) {
  const open = async () => wrap(openMemory())
  const reopen = async () => wrap(memoryStore(memory))
  for (const { name, run } of storeConformance(open, reopen)) test(`encrypted memory store${what}: ${name}`, run)
}

let names = 0
const openTwo = async () => {
  const both = newMemory(`encrypted ${++names}`)
  return [encryptedStore(memoryStore(both), secret), encryptedStore(memoryStore(both), secret)] as const
}

for (const { name, run } of sharedConformance(openTwo)) test(`encrypted memory store, shared: ${name}`, run)

const mapStore = () => {
  const records = new Map<string, unknown>()
  const payloads = new Map<string, Blob>()
  return storeFromPromises({
    records: async () => [...records.values()],
    record: async (at) => records.get(keyText(at)),
    read: async (at) => payloads.get(keyText(at)),
    write: async (record, payload) => {
      records.set(keyText(record), record)
      payloads.set(keyText(record), payload)
    },
    remember: async (changed) => changed.forEach((record) => records.set(keyText(record), record)),
    drop: async (record) => {
      records.set(keyText(record), record)
      payloads.delete(keyText(record))
    },
    remove: async (keys) =>
      keys.forEach((at) => {
        records.delete(keyText(at))
        payloads.delete(keyText(at))
      }),
    close: async () => {},
  })
}

for (const { name, run } of storeConformance(async () => encryptedStore(mapStore(), secret)))
  test(`encrypted store of Promises: ${name}`, run)

const payloadOf = async (store: Store, at: BlobKey): Promise<Payload> =>
  expectSome(expectRight(await store.read(at)(), 'read'), 'the payload')

const resting = (given: Memory, at: BlobKey) => {
  const bytes = given.payloads.get(keyText(at))
  if (bytes === undefined) throw new Error(`nothing rests under ${keyText(at)}`)
  return bytes
}

/** Puts bytes in the place of those that rest. */
const replace = (given: Memory, at: BlobKey, bytes: Uint8Array) => given.payloads.set(keyText(at), concatenated(bytes))

describe('what rests', () => {
  const marker = textBytes('a secret that nobody may find on this disk')

  const expectHidden = (bytes: Uint8Array) => {
    const found = Buffer.from(bytes)
    for (let from = 0; from + 8 <= marker.length; from += 8)
      expect(found.includes(Buffer.from(marker.subarray(from, from + 8)))).toBe(false)
  }

  test('is unreadable after a write, and through a staging', async () => {
    const store = encryptedBy(small(), openMemory())
    expectRight(await store.write(recordOf('written'), bytesPayload(marker))(), 'write')
    const staging = expectRight(await store.stage(key('staged'))(), 'stage')
    for (const byte of marker) expectRight(await staging.append(Uint8Array.of(byte))(), 'append')
    expectRight(await staging.commit(recordOf('staged'))(), 'commit')
    for (const id of ['written', 'staged']) {
      expectHidden(resting(memory, key(id)))
      expectBytes(expectRight(await (await payloadOf(store, key(id))).read()(), 'read'), marker, id)
    }
  })

  test('is unreadable in the staging area too, before anything was committed', async () => {
    const appended: Uint8Array[] = []
    const inner = openMemory()
    const spying: Store = {
      ...inner,
      stage: (at) => async () => {
        const staging = expectRight(await inner.stage(at)(), 'stage')
        const append: typeof staging.append = (bytes) => {
          appended.push(bytes.slice())
          return staging.append(bytes)
        }
        return E.right({ ...staging, append })
      },
    }
    const staging = expectRight(await encryptedBy(small(), spying).stage(key('a'))(), 'stage')
    for (let times = 0; times < 20; times++) expectRight(await staging.append(marker)(), 'append')
    expect(joined(appended).length).toBeGreaterThan(19 * marker.length)
    expectHidden(joined(appended))
  })

  test('is another ciphertext after each write of the same content', async () => {
    const store = encryptedBy(small(), openMemory())
    const write = store.write(recordOf('a'), bytesPayload(marker))
    const seen = new Set<string>()
    for (let times = 0; times < 20; times++) {
      expectRight(await write(), 'write')
      seen.add(Buffer.from(resting(memory, key('a')).subarray(0, 40)).toString('hex'))
    }
    expect(seen.size).toBe(20)
  })

  test('has a key of its own: the cipher with the same secret does not open it', async () => {
    const { streamingCipher } = await import('../../src/cipher/streaming')
    const store = encryptedStore(openMemory(), secret)
    expectRight(await store.write(recordOf('a'), bytesPayload(marker))(), 'write')
    const body = new Blob([resting(memory, key('a'))]).stream()
    expectLeft(await streamingCipher(secret).decrypt(key('a'), body, null, () => TE.right(undefined))(), 'decrypt', 'Tampered')
  })
})

describe('a payload that rests', () => {
  property.prop([fc.nat(400), fc.array(fc.nat(150), { maxLength: 8 }), fc.nat(), fc.nat()])(
    'is read in any part, however it came',
    async (sizeBytes, cuts, a, b) => {
      const plaintext = noise(sizeBytes)
      const store = encryptedBy(small(), openMemory())
      const staging = expectRight(await store.stage(key('a'))(), 'stage')
      let position = 0
      for (const cut of [...cuts, sizeBytes]) {
        expectRight(await staging.append(plaintext.slice(position, position + cut))(), 'append')
        position = Math.min(sizeBytes, position + cut)
      }
      expectRight(await staging.commit(recordOf('a'))(), 'commit')
      expectRight(await store.write(recordOf('b'), blobPayload(new Blob([plaintext])))(), 'write')
      for (const id of ['a', 'b']) {
        const payload = await payloadOf(store, key(id))
        expect(payload.sizeBytes).toBe(sizeBytes)
        const [from, to] = [a % (sizeBytes + 1), b % (sizeBytes + 1)].toSorted((x, y) => x - y)
        expectBytes(expectRight(await payload.read(from, to)(), 'a part'), plaintext.subarray(from, to), `${from} to ${to}`)
        expectBytes(expectRight(await payload.read()(), 'all'), plaintext, 'all')
        const blob = expectRight(await payload.blob()(), 'the Blob')
        expectBytes(new Uint8Array(await blob.arrayBuffer()), plaintext, 'the Blob')
      }
    },
  )

  test('is decrypted where it is read, and no further', async () => {
    const inner = openMemory()
    let readBytes = 0
    const counting: Store = {
      ...inner,
      read: (at) => async () => {
        const payload = await payloadOf(inner, at)
        const read: Payload['read'] = (from = 0, to = payload.sizeBytes) => {
          readBytes += to - from
          return payload.read(from, to)
        }
        return E.right(O.some({ ...payload, read }))
      },
    }
    const store = encryptedStore(counting, secret)
    expectRight(await store.write(recordOf('a'), bytesPayload(noise(5_000_000)))(), 'write')
    expectRight(await (await payloadOf(store, key('a'))).read(3_000_000, 3_000_010)(), 'ten bytes')
    expect(readBytes).toBeLessThan(2_000_000)
  })

  test('that was altered in any bit is Corrupt, wherever it is read', async () => {
    const store = encryptedBy(small(), openMemory())
    expectRight(await store.write(recordOf('a'), bytesPayload(noise(100)))(), 'write')
    const whole = resting(memory, key('a')).slice()
    for (let bit = 0; bit < whole.length * 8; bit++) {
      replace(
        memory,
        key('a'),
        whole.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      )
      expectLeft(await (await payloadOf(store, key('a'))).read()(), `bit ${bit}`, 'Corrupt')
      expectLeft(await (await payloadOf(store, key('a'))).blob()(), `bit ${bit}`, 'Corrupt')
    }
  })

  test('that was cut, lengthened, or put in the place of another blob, is Corrupt', async () => {
    const store = encryptedBy(small(), openMemory())
    for (const id of ['a', 'b']) expectRight(await store.write(recordOf(id), bytesPayload(noise(240)))(), 'write')
    const [a, b] = [resting(memory, key('a')).slice(), resting(memory, key('b')).slice()]
    const outcome = async (bytes: Uint8Array) => {
      replace(memory, key('a'), bytes)
      const payload = await store.read(key('a'))()
      return E.isLeft(payload) ? payload : expectSome(payload.right, 'payload').read()()
    }
    expectRight(await outcome(a), 'as it was')
    for (let length = 0; length < a.length; length++)
      expectLeft(await outcome(a.subarray(0, length)), `cut to ${length}`, 'Corrupt')
    for (const [what, bytes] of [
      ['longer', concatenated(a, noise(1))],
      ['twice', concatenated(a, a)],
      ['of another blob', b],
      ['half of another blob', concatenated(a.subarray(0, 128), b.subarray(128))],
      ['two segments swapped', concatenated(a.subarray(0, 64), a.subarray(128, 192), a.subarray(64, 128), a.subarray(192))],
      ['never encrypted', noise(a.length)],
    ] as const) {
      expectLeft(await outcome(bytes), what, 'Corrupt')
    }
  })
})

test('with another secret nothing is read', async () => {
  expectRight(await encryptedStore(openMemory(), secret).write(recordOf('a'), bytesPayload(noise(10)))(), 'write')
  const payload = await payloadOf(encryptedStore(memoryStore(memory), noise(65).slice(1)), key('a'))
  expectLeft(await payload.read()(), 'read', 'Corrupt')
})

describe('the beginning of a download that was kept', () => {
  /** Two segments are kept, under the secret that it then is. */
  const kept = async () => {
    const { keeping } = encryptedBy(small(), openMemory())
    const staging = expectRight((await keeping?.stage(key('a'))()) ?? expect.fail('no keeping'), 'stage')
    const plaintextBytes = 2 * (SEGMENT_BYTES - 16) - 40
    expectRight(await staging.append(noise(plaintextBytes + 1))(), 'append')
    const checkpoint = { seal: 'streaming1', encryptedBytes: 2 * SEGMENT_BYTES, plaintextBytes }
    const download = { checkpoint, sizeBytes: 1000, tag: null }
    expect(expectRight(await staging.keep({ ...recordOf('a'), status: 'PENDING_DOWNLOAD', download })(), 'keep')).toBe(true)
    expectRight(await staging.leave()(), 'leave')
    return plaintextBytes
  }
  const goneOnWith = async (store: Store, plaintextBytes: number) =>
    O.isSome(expectRight((await store.keeping?.restage(key('a'), plaintextBytes)()) ?? expect.fail('no keeping'), 'restage'))

  test('is gone on with under the same secret', async () => {
    const plaintextBytes = await kept()
    expect(await goneOnWith(encryptedBy(small(), memoryStore(memory)), plaintextBytes)).toBe(true)
  })

  test('is not gone on with under another secret: what comes after it would make a payload that nobody can read', async () => {
    const plaintextBytes = await kept()
    const other = atRest(bestSegments(), { ...BLOB_FORMAT, segmentBytes: SEGMENT_BYTES }, noise(65).slice(1))
    expect(await goneOnWith(encryptedBy(other, memoryStore(memory)), plaintextBytes)).toBe(false)
  })

  test('is not gone on with where the store was not encrypted then', async () => {
    await kept()
    for (const [place, parts] of memory.kept)
      memory.kept.set(
        place,
        parts.map(({ length }) => noise(length)),
      )
    expect(await goneOnWith(encryptedBy(small(), memoryStore(memory)), 2 * (SEGMENT_BYTES - 16) - 40)).toBe(false)
  })
})

test('a commit that failed and is tried again stores the content once', async () => {
  const inner = openMemory()
  let tries = 0
  const failing: Store = {
    ...inner,
    stage: (at) => async () => {
      const staging = expectRight(await inner.stage(at)(), 'stage')
      const commit: typeof staging.commit = (record) =>
        ++tries === 1 ? TE.left(failure('StorageFull', 'no room')) : staging.commit(record)
      return E.right({ ...staging, commit })
    },
  }
  const store = encryptedBy(small(), failing)
  const staging = expectRight(await store.stage(key('a'))(), 'stage')
  expectRight(await staging.append(noise(100))(), 'append')
  expectLeft(await staging.commit(recordOf('a'))(), 'the first commit', 'StorageFull')
  expectRight(await staging.commit(recordOf('a'))(), 'the second commit')
  expectBytes(expectRight(await (await payloadOf(store, key('a'))).read()(), 'read'), noise(100), 'the content')
})

test('close waits for a commit whose last segment is still being encrypted', async () => {
  const store = encryptedBy(small(webSegments(crypto.subtle)), openMemory())
  const staging = expectRight(await store.stage(key('a'))(), 'stage')
  expectRight(await staging.append(noise(100))(), 'append')
  const committed = staging.commit(recordOf('a'))()
  expectRight(await store.close()(), 'close')
  expectRight(await committed, 'the commit')
  expect(memory.payloads.size).toBe(1)
})

test.each([0, 31])('a secret of %d bytes is refused', (lengthBytes) => {
  expect(() => encryptedStore(memoryStore(), noise(lengthBytes))).toThrow(RangeError)
})
