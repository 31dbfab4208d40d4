import { fc } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import type { Cipher } from '../../src/cipher/cipher'
import type { SegmentEngine } from '../../src/cipher/segment-engine'
import { BLOB_FORMAT, layoutOf } from '../../src/cipher/segments'
import { streamingCipherWith } from '../../src/cipher/streaming'
import { concatenated } from '../../src/model/bytes'
import type { BlobKey } from '../../src/model/ids'
import type { Case } from '../../src/testing/case'
import { bodyOf, collecting, noise, pieces } from '../../src/testing/cipher-bytes'
import { expectBytes, expectEqual, expectLeft, expectRight, expectTrue } from '../../src/testing/expect'
import { encryptedBy, keyIn } from './streaming-ground'

const SEGMENT_BYTES = 64
const format = { ...BLOB_FORMAT, segmentBytes: SEGMENT_BYTES }
const secret = noise(512)
const key = keyIn('a-blob')
const RUNS = { numRuns: 60 }

/** What someone may try who holds the encrypted bytes, in any runtime. */
export const attackCases = (engine: SegmentEngine): readonly Case[] => {
  const cipher = streamingCipherWith(engine, format, secret)
  const encrypted = (sizeBytes: number) => encryptedBy(cipher, key, noise(sizeBytes))

  /** Refused, and what was let through before is the true beginning. */
  const expectRefused = async (bytes: Uint8Array, what: string, by: Cipher = cipher, as: BlobKey = key) => {
    const sink = collecting()
    expectLeft(await by.decrypt(as, bodyOf([bytes]), null, sink.take)(), what, bytes.length === 0 ? 'Unreachable' : 'Tampered')
    expectBytes(sink.bytes(), noise(sink.bytes().length), `${what}: what was let through`)
    return sink.bytes().length
  }

  return [
    ...[0, 1, 8, 9, 60].map((sizeBytes) => ({
      name: `no flipped bit of a blob of ${sizeBytes} bytes verifies`,
      run: async () => {
        const bytes = await encrypted(sizeBytes)
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          await expectRefused(
            bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
            `bit ${bit}`,
          )
        }
      },
    })),
    {
      name: 'no shorter blob verifies, wherever it is cut',
      run: async () => {
        const bytes = await encrypted(240)
        for (let length = 0; length < bytes.length; length++) await expectRefused(bytes.subarray(0, length), `cut to ${length}`)
      },
    },
    {
      name: 'no other order of segments verifies, none that is repeated, left out or of another blob',
      run: async () => {
        const own = pieces(await encrypted(240), SEGMENT_BYTES)
        const foreign = pieces(await encrypted(240), SEGMENT_BYTES)
        expectEqual(own.length, 6, 'segments')
        const all = [...own, ...foreign]
        await fc.assert(
          fc.asyncProperty(fc.array(fc.nat(all.length - 1), { maxLength: 9 }), async (order) => {
            fc.pre(![own, foreign].some((one) => order.length === 6 && order.every((at, index) => all[at] === one[index])))
            await expectRefused(concatenated(...order.map((at) => all[at] ?? new Uint8Array())), `order ${order.join(' ')}`)
          }),
          RUNS,
        )
        for (const [what, parts] of [
          ['two swapped', [0, 2, 1, 3, 4, 5]],
          ['one left out', [0, 1, 3, 4, 5]],
          ['the last left out', [0, 1, 2, 3, 4]],
          ['the first left out', [1, 2, 3, 4, 5]],
          ['one repeated', [0, 1, 1, 2, 3, 4, 5]],
          ['the last repeated', [0, 1, 2, 3, 4, 5, 5]],
          ['all repeated', [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]],
          ['one of another blob', [0, 1, 8, 3, 4, 5]],
          ['the last of another blob', [0, 1, 2, 3, 4, 11]],
          ['the first of another blob', [6, 1, 2, 3, 4, 5]],
        ] as const) {
          await expectRefused(concatenated(...parts.map((at) => all[at] ?? new Uint8Array())), what)
        }
      },
    },
    {
      name: 'nothing of a segment is let through before its own tag verified',
      run: async () => {
        const bytes = await encrypted(240)
        for (const index of [0, 1, 3, 5]) {
          const altered = bytes.map((byte, at) =>
            at === Math.min(index * SEGMENT_BYTES + 45, bytes.length - 1) ? byte ^ 1 : byte,
          )
          expectEqual(await expectRefused(altered, `segment ${index}`), layoutOf(format).start(index), 'bytes let through')
        }
      },
    },
    {
      name: 'a blob under another id, in another namespace, or with another secret is refused, and nothing of it let through',
      run: async () => {
        const bytes = await encrypted(240)
        const other = streamingCipherWith(
          engine,
          format,
          noise(512).map((byte) => byte ^ 1),
        )
        for (const [what, as, by] of [
          ['another id', keyIn('b-blob'), cipher],
          ['another namespace', keyIn('a-blob', 'Default'), cipher],
          ['the two swapped', keyIn('default', 'a-blob'), cipher],
          ['another secret', key, other],
        ] as const) {
          expectEqual(await expectRefused(bytes, what, by, as), 0, `${what}: bytes let through`)
        }
      },
    },
    {
      name: 'sizes about the borders of segments come back, of the encrypted size that was told',
      run: async () => {
        const { start } = layoutOf(format)
        for (let index = 1; index < 5; index++) {
          for (const sizeBytes of [start(index) - 1, start(index), start(index) + 1]) {
            const bytes = await encrypted(sizeBytes)
            expectEqual(bytes.length, cipher.encryptedSize(sizeBytes), `encrypted size of ${sizeBytes}`)
            expectEqual(layoutOf(format).plaintextSize(bytes.length), sizeBytes, 'and back')
            const sink = collecting()
            expectRight(await cipher.decrypt(key, bodyOf([bytes]), null, sink.take)(), `${sizeBytes} bytes`)
            expectBytes(sink.bytes(), noise(sizeBytes), `${sizeBytes} bytes`)
          }
        }
      },
    },
    {
      name: 'any cutting into pieces decrypts, and leaves the pieces as they were',
      run: () =>
        fc.assert(
          fc.asyncProperty(fc.nat(400), fc.array(fc.nat(150), { maxLength: 12 }), async (sizeBytes, cuts) => {
            const bytes = await encrypted(sizeBytes)
            const parts: Uint8Array[] = []
            let position = 0
            for (const cut of [...cuts, SEGMENT_BYTES, SEGMENT_BYTES, bytes.length]) {
              parts.push(bytes.slice(position, position + cut))
              position = Math.min(bytes.length, position + cut)
            }
            const sink = collecting()
            expectRight(await cipher.decrypt(key, bodyOf(parts), null, sink.take)(), 'decrypt')
            expectBytes(sink.bytes(), noise(sizeBytes), 'the plaintext')
            expectBytes(concatenated(...parts), bytes, 'the pieces afterwards')
          }),
          RUNS,
        ),
    },
    {
      name: 'no noise verifies or throws, also where it begins as a blob does',
      run: () =>
        fc.assert(
          fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, isMarked) => {
            if (isMarked) bytes[0] = 40
            const sink = collecting()
            expectTrue(E.isLeft(await cipher.decrypt(key, bodyOf([bytes]), null, sink.take)()), 'noise')
            expectEqual(sink.bytes().length, 0, 'bytes let through')
          }),
          RUNS,
        ),
    },
  ]
}
