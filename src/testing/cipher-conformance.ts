import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { concatenated, textBytes, type Bytes } from '../model/bytes'
import type { Cipher, Encrypted } from '../cipher/cipher'
import { CarriedFailure } from '../model/carried-failure'
import { failure, throttled } from '../model/failure'
import { blobKey, BlobId, type BlobKey } from '../model/ids'
import { bytesPayload, type Payload } from '../model/payload'
import { Tag } from '../model/wire'
import type { Case } from './case'
import { bodyOf, collecting, noise, pieces, piecesIn, wholeOf } from './cipher-bytes'
import { resumes } from './cipher-resume'
import { expectBytes, expectEqual, expectLeft, expectRight, expectTrue } from './expect'

/**
 * What every cipher promises.
 *
 * @param make A cipher with the same secret each time.
 */
export const cipherConformance = (make: () => Cipher): readonly Case[] => [
  ...sizesBytes.map((sizeBytes) => ({
    name: `a payload of ${sizeBytes} bytes comes back whole from another instance`,
    run: async () => {
      const plaintext = noise(sizeBytes)
      const { bytes, tag } = await encrypted(make(), plaintext)
      const sink = collecting()
      const done = expectRight(await make().decrypt(key, bodyOf(pieces(bytes, 65_536)), tag, sink.take)(), 'decrypt')
      expectEqual(done, { sizeBytes, tag, isExternal: false }, 'what decrypt tells')
      expectBytes(sink.bytes(), plaintext, 'the plaintext')
    },
  })),
  {
    name: 'the encrypted size is known beforehand, and the body keeps to it',
    run: async () => {
      for (const sizeBytes of sizesBytes) {
        const cipher = make()
        const made = await encryptedAs(cipher, await cipher.seal(), noise(sizeBytes))
        expectEqual(made.sizeBytes, cipher.encryptedSize(sizeBytes), 'sizeBytes')
        expectEqual((await wholeOf(made.body)).length, made.sizeBytes, 'bytes of the body')
      }
    },
  },
  {
    name: 'the same key, seal and payload give the same bytes, and another seal gives others',
    run: async () => {
      for (const sizeBytes of [10_000, 3_000_000]) {
        const seal = await make().seal()
        const [first, again, other] = await Promise.all(
          [seal, seal, await make().seal()].map(async (each) =>
            wholeOf((await encryptedAs(make(), each, noise(sizeBytes))).body),
          ),
        )
        if (first === undefined || again === undefined || other === undefined) throw new Error('three bodies')
        expectBytes(again, first, 'the second attempt')
        expectTrue(sharedBytes(first.slice(-1000), other.slice(-1000)) < 100, 'another seal has to give another ciphertext')
      }
    },
  },
  {
    name: 'no two seals are the same',
    run: async () => {
      const cipher = make()
      const seals = await Promise.all(Array.from({ length: 1000 }, cipher.seal))
      expectEqual(new Set(seals).size, 1000, 'different seals')
    },
  },
  {
    name: 'a seal begins with the cipher’s name, and a blob with a byte that it recognises',
    run: async () => {
      const cipher = make()
      const seal = await cipher.seal()
      expectTrue(seal.startsWith(cipher.name), `“${seal}” has to begin with “${cipher.name}”`)
      for (const sizeBytes of [0, 100]) {
        const [firstByte = -1] = (await encrypted(cipher, noise(sizeBytes))).bytes
        expectTrue(cipher.recognises(firstByte), `the first byte, ${firstByte}`)
      }
    },
  },
  {
    name: 'the plaintext is not to be found in the encrypted bytes',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(5000))
      expectTrue(!isFoundIn(bytes, noise(5000).subarray(0, 32)), 'the first bytes of the plaintext are there')
    },
  },
  {
    name: 'a seal of another kind is Corrupt',
    run: async () => {
      for (const seal of ['', 'nonsense', `${await make().seal()}x`, ` ${await make().seal()}`]) {
        expectLeft(await make().encrypt(key, seal, bytesPayload(textBytes('x')))(), `seal “${seal}”`, 'Corrupt')
      }
    },
  },
  {
    name: 'a payload that is too large is refused before any of it is read',
    run: async () => {
      const cipher = make()
      if (!Number.isSafeInteger(cipher.plaintextBytesMax + 1)) return
      const payload = untouchable(cipher.plaintextBytesMax + 1)
      expectLeft(await cipher.encrypt(key, await cipher.seal(), payload)(), 'one byte too many', 'TooLarge')
    },
  },
  {
    name: 'a payload that cannot be read is a failure and not an exception',
    run: async () => {
      const cipher = make()
      expectLeft(await cipher.encrypt(key, await cipher.seal(), untouchable(1000))(), 'an unreadable payload')
    },
  },
  {
    name: 'the bytes of a payload are left as they are, whatever becomes of the encrypted ones',
    run: async () => {
      for (const sizeBytes of [100_000, 3_000_000]) {
        const cipher = make()
        const plaintext = noise(sizeBytes)
        const { body } = await encryptedAs(cipher, await cipher.seal(), plaintext)
        for (const piece of await piecesIn(body)) piece.fill(0)
        expectBytes(plaintext, noise(sizeBytes), 'the plaintext')
      }
    },
  },
  {
    name: 'the tag of a body that streams is Aborted until the body was read',
    run: async () => {
      const cipher = make()
      const made = await encryptedAs(cipher, await cipher.seal(), noise(3_000_000))
      if (!(made.body instanceof ReadableStream)) return
      expectLeft(await made.tag(), 'before', 'Aborted')
      await wholeOf(made.body)
      expectTrue(Tag.is(expectRight(await made.tag(), 'after')), 'a tag of the right form')
    },
  },
  {
    name: 'bytes may come in pieces of any size',
    run: async () => {
      const plaintext = noise(300)
      const { bytes, tag } = await encrypted(make(), plaintext)
      for (const pieceBytes of [1, 2, 3, 15, 16, 17, 100, 735, 736, 737, 738]) {
        const sink = collecting()
        expectRight(await make().decrypt(key, bodyOf(pieces(bytes, pieceBytes)), tag, sink.take)(), `pieces of ${pieceBytes}`)
        expectBytes(sink.bytes(), plaintext, `pieces of ${pieceBytes}`)
      }
    },
  },
  {
    name: 'the pieces of a body are left as they are, unless it gives them away',
    run: async () => {
      const plaintext = noise(3_000_000)
      const { bytes, tag } = await encrypted(make(), plaintext)
      const kept = pieces(bytes, 65_536).map((piece) => piece.slice())
      for (const body of [bodyOf(kept), new Blob([bytes]).stream()]) {
        const taken: Bytes[] = []
        const done = make().decrypt(key, body, tag, (piece) => {
          taken.push(concatenated(piece))
          piece.fill(0)
          return TE.right(undefined)
        })
        expectRight(await done(), 'decrypt')
        expectBytes(concatenated(...taken), plaintext, 'the plaintext')
      }
      expectBytes(concatenated(...kept), bytes, 'the pieces')
    },
  },
  {
    name: 'empty pieces change nothing',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(100))
      const empty = new Uint8Array(0)
      const body = bodyOf([empty, bytes.subarray(0, 750), empty, bytes.subarray(750), empty])
      expectRight(await make().decrypt(key, body, null, collecting().take)(), 'decrypt')
    },
  },
  {
    name: 'a blob under another id is Tampered',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(100))
      const outcome = await make().decrypt(keyOf('another'), bodyOf([bytes]), null, collecting().take)()
      expectLeft(outcome, 'another id', 'Tampered')
    },
  },
  {
    name: 'a flipped bit never verifies',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(100))
      for (let position = 0; position < bytes.length; position += 7) {
        const altered = bytes.map((byte, index) => (index === position ? byte ^ (1 << (position % 8)) : byte))
        expectLeft(await make().decrypt(key, bodyOf([altered]), null, collecting().take)(), `byte ${position} altered`)
      }
    },
  },
  {
    name: 'bytes that are missing at the end never verify',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(100))
      for (let length = 0; length < bytes.length; length += 11) {
        expectLeft(await make().decrypt(key, bodyOf([bytes.subarray(0, length)]), null, collecting().take)(), `cut to ${length}`)
      }
    },
  },
  {
    name: 'bytes that were added never verify',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(100))
      const zero = new Uint8Array(1)
      for (const body of [concatenated(bytes, zero), concatenated(zero, bytes), concatenated(bytes, bytes)]) {
        expectLeft(await make().decrypt(key, bodyOf([body]), null, collecting().take)(), 'longer bytes', 'Tampered')
      }
    },
  },
  {
    name: 'a claimed tag that is empty, malformed or another is Tampered',
    run: async () => {
      const { bytes, tag } = await encrypted(make(), noise(100))
      for (const claim of ['', ' ', 'x', tag.slice(0, -2), `${tag} `, tag.slice(4), `${'A'.repeat(22)}==`]) {
        expectLeft(await make().decrypt(key, bodyOf([bytes]), claim, collecting().take)(), `claim “${claim}”`, 'Tampered')
      }
    },
  },
  {
    name: 'a body that ends before it began is Unreachable',
    run: async () => {
      expectLeft(await make().decrypt(key, bodyOf([]), null, collecting().take)(), 'no bytes', 'Unreachable')
    },
  },
  {
    name: 'a body that breaks is Unreachable, and one that tells its failure fails with that',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(5000))
      const carried = throttled('slow down', 1000, true)
      for (const length of [0, 10, 3000, bytes.length]) {
        const breaking = (error: Error) =>
          make().decrypt(key, bodyOf([bytes.subarray(0, length)], error), null, collecting().take)()
        expectLeft(await breaking(new Error('reset')), `reset after ${length}`, 'Unreachable')
        expectEqual(expectLeft(await breaking(new CarriedFailure(carried)), 'carried'), carried, 'the failure')
      }
    },
  },
  {
    name: 'what the sink fails with is the failure; the body is let go and the sink is left alone',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(300_000))
      let calls = 0
      let isLetGo = false
      const body = bodyOf(pieces(bytes, 10_000), undefined, () => void (isLetGo = true))
      const full = failure('StorageFull', 'no room')
      const sink = () => {
        calls++
        return TE.left(full)
      }
      const outcome = await make().decrypt(key, body, null, sink)()
      expectEqual(expectLeft(outcome, 'a full sink'), full, 'the failure')
      expectEqual(calls, 1, 'calls of the sink')
      expectTrue(isLetGo, 'the body has to be read to its end or cancelled')
    },
  },
  {
    name: 'the sink is never called again before it has resolved',
    run: async () => {
      const { bytes } = await encrypted(make(), noise(300_000))
      let underWay = 0
      let atOnceMax = 0
      const sink = () => async () => {
        atOnceMax = Math.max(atOnceMax, ++underWay)
        await new Promise((resolve) => void setTimeout(resolve))
        underWay--
        return E.right(undefined)
      }
      expectRight(await make().decrypt(key, bodyOf(pieces(bytes, 10_000)), null, sink)(), 'decrypt')
      expectEqual(atOnceMax, 1, 'calls of the sink at once')
    },
  },
  ...resumes(make),
  {
    name: 'a content’s id depends on the content and the namespace alone, and is a legal id',
    run: async () => {
      const idOf = async (namespace: string, text: string) =>
        expectRight(await make().contentId(namespace, bytesPayload(textBytes(text)))(), 'contentId')
      const id = await idOf('photos', 'content')
      expectTrue(BlobId.is(id) && id.length === 43, `“${id}” is a legal id of 43 characters`)
      expectEqual(await idOf('photos', 'content'), id, 'the same content again')
      const others = await Promise.all([
        idOf('photo', 'scontent'),
        idOf('photos', 'content.'),
        idOf('photos', ''),
        idOf('notes', 'content'),
      ])
      expectEqual(new Set([id, ...others]).size, 5, 'different ids')
    },
  },
]

const sizesBytes = [0, 1, 15, 16, 17, 4095, 4096, 65_536, 262_144, 1_048_576, 1_048_577, 3_000_001]

const keyOf = (id: string): BlobKey => expectRight(blobKey(id), 'a key')
const key = keyOf('a-blob')

const encryptedAs = async (cipher: Cipher, seal: string, plaintext: Bytes): Promise<Encrypted> =>
  expectRight(await cipher.encrypt(key, seal, bytesPayload(plaintext))(), 'encrypt')

const encrypted = async (cipher: Cipher, plaintext: Bytes) => {
  const made = await encryptedAs(cipher, await cipher.seal(), plaintext)
  const bytes = await wholeOf(made.body)
  return { bytes, tag: expectRight(await made.tag(), 'tag') }
}

const sharedBytes = (a: Uint8Array, b: Uint8Array): number => a.filter((byte, index) => byte === b[index]).length

const isFoundIn = (bytes: Uint8Array, sought: Uint8Array): boolean =>
  bytes.some((_, position) => sought.every((byte, index) => bytes[position + index] === byte))

/** Says to be of that size, and fails when it is read. */
const untouchable = (sizeBytes: number): Payload => {
  const read = () => TE.left(failure('StorageBroken', 'the payload was read'))
  return { sizeBytes, read, blob: read }
}
