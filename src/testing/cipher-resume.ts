import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import type { Checkpoint, Cipher } from '../cipher/cipher'
import { failure } from '../model/failure'
import { blobKey } from '../model/ids'
import { bytesPayload } from '../model/payload'
import type { Case } from './case'
import { bodyOf, collecting, noise, pieces, wholeOf } from './cipher-bytes'
import { expectBytes, expectEqual, expectLeft, expectRight, expectTrue } from './expect'

/** What a cipher promises that says that it can begin in the middle of a blob; nothing of one that does not. */
export const resumes = (make: () => Cipher): readonly Case[] =>
  cases.map(({ name, run }) => ({
    name,
    run: async () => {
      const cipher = make()
      const seal = await cipher.seal()
      if (cipher.canResume?.(seal) === true) await run(make, seal)
    },
  }))

interface ResumeCase {
  readonly name: string
  readonly run: (make: () => Cipher, seal: string) => Promise<void>
}

const cases: readonly ResumeCase[] = [
  {
    name: 'a range is encrypted to the same bytes as in the whole, and tells the tag if it reaches the end',
    run: async (make, seal) => {
      for (const sizeBytes of [0, 100, SIZE_BYTES]) {
        const { bytes, tag } = await encrypted(make(), seal, sizeBytes)
        const total = bytes.length
        for (const from of [0, 1, 39, 41, Math.floor(total / 3), 1_048_575, 1_048_576, 1_048_577, total - 16, total - 1]) {
          for (const to of [from + 1, from + 16, from + 1_048_576, total - 1, total]) {
            if (from >= to || to > total) continue
            const part = expectRight(await make().encrypt(key, seal, bytesPayload(noise(sizeBytes)), { from, to })(), 'a range')
            expectEqual(part.sizeBytes, to - from, `sizeBytes of ${from} to ${to}`)
            expectBytes(await wholeOf(part.body), bytes.subarray(from, to), `bytes ${from} to ${to} of ${total}`)
            if (to === total) expectEqual(expectRight(await part.tag(), 'its tag'), tag, 'the tag')
            else expectLeft(await part.tag(), 'the tag of a part', 'Aborted')
          }
        }
      }
    },
  },
  {
    name: 'a decryption goes on from each of its checkpoints, in another instance and from plain data',
    run: async (make, seal) => {
      const { bytes, tag } = await encrypted(make(), seal, SIZE_BYTES)
      const found = await checkpoints(make(), bytes)
      expectTrue(found.length > 0, 'there are checkpoints')
      for (const each of found) {
        const from: Checkpoint = JSON.parse(JSON.stringify(each))
        const sink = collecting()
        const rest = bodyOf(pieces(bytes.subarray(from.encryptedBytes), 100_000))
        const done = expectRight(await make().decrypt(key, rest, tag, sink.take, { from, onCheckpoint: () => {} })(), 'the rest')
        expectEqual(done, { sizeBytes: SIZE_BYTES, tag, isExternal: false }, 'what decrypt tells')
        expectBytes(sink.bytes(), noise(SIZE_BYTES).subarray(from.plaintextBytes), `from byte ${from.plaintextBytes}`)
      }
    },
  },
  {
    name: 'a checkpoint is told only after the sink took all before it',
    run: async (make, seal) => {
      const { bytes } = await encrypted(make(), seal, SIZE_BYTES)
      let takenBytes = 0
      const take = (plaintext: Uint8Array) => async () => {
        await new Promise((resolve) => void setTimeout(resolve))
        takenBytes += plaintext.length
        return E.right(undefined)
      }
      const onCheckpoint = ({ plaintextBytes }: Checkpoint) => expectEqual(takenBytes, plaintextBytes, 'bytes taken')
      expectRight(await make().decrypt(key, bodyOf([bytes]), null, take, { from: null, onCheckpoint })(), 'decrypt')
      const full = failure('StorageFull', 'no room')
      let told = 0
      const resume = { from: null, onCheckpoint: () => void told++ }
      expectLeft(await make().decrypt(key, bodyOf([bytes]), null, () => TE.left(full), resume)(), 'a full sink', 'StorageFull')
      expectEqual(told, 0, 'checkpoints of a sink that took nothing')
    },
  },
  {
    name: 'what follows a checkpoint must be the same blob, at the same place, to its end',
    run: async (make, seal) => {
      const { bytes } = await encrypted(make(), seal, SIZE_BYTES)
      const other = await encrypted(make(), await make().seal(), SIZE_BYTES)
      const [first, second] = await checkpoints(make(), bytes)
      if (first === undefined || second === undefined) throw new Error('two checkpoints')
      const goOn = (from: Checkpoint, rest: Uint8Array) =>
        make().decrypt(key, bodyOf([rest]), null, collecting().take, { from, onCheckpoint: () => {} })()
      for (const [what, rest] of [
        ['another encryption of the same', other.bytes.subarray(first.encryptedBytes)],
        ['the blob from its beginning', bytes],
        ['a later place', bytes.subarray(second.encryptedBytes)],
        ['one byte too far', bytes.subarray(first.encryptedBytes + 1)],
        ['a part', bytes.subarray(first.encryptedBytes, second.encryptedBytes)],
        ['a cut end', bytes.subarray(first.encryptedBytes, -1)],
      ] as const) {
        expectLeft(await goOn(first, rest), what, 'Tampered')
      }
      expectLeft(await goOn(first, new Uint8Array(0)), 'nothing', 'Unreachable')
    },
  },
  {
    name: 'a checkpoint that is none is Corrupt',
    run: async (make, seal) => {
      const { bytes } = await encrypted(make(), seal, SIZE_BYTES)
      const [first] = await checkpoints(make(), bytes)
      if (first === undefined) throw new Error('a checkpoint')
      for (const changes of [
        { encryptedBytes: first.encryptedBytes + 1 },
        { encryptedBytes: 0 },
        { encryptedBytes: -first.encryptedBytes },
        { encryptedBytes: NaN },
        { plaintextBytes: first.plaintextBytes - 1 },
        { seal: '' },
        { seal: `${first.seal}x` },
      ]) {
        const resume = { from: { ...first, ...changes }, onCheckpoint: () => {} }
        const rest = bodyOf([bytes.subarray(first.encryptedBytes)])
        expectLeft(await make().decrypt(key, rest, null, collecting().take, resume)(), JSON.stringify(changes), 'Corrupt')
      }
    },
  },
]

const SIZE_BYTES = 3_000_001

const key = expectRight(blobKey('a-blob'), 'a key')

const encrypted = async (cipher: Cipher, seal: string, sizeBytes: number) => {
  const made = expectRight(await cipher.encrypt(key, seal, bytesPayload(noise(sizeBytes)))(), 'encrypt')
  const bytes = await wholeOf(made.body)
  return { bytes, tag: expectRight(await made.tag(), 'tag') }
}

const checkpoints = async (cipher: Cipher, bytes: Uint8Array): Promise<readonly Checkpoint[]> => {
  const found: Checkpoint[] = []
  const resume = { from: null, onCheckpoint: (each: Checkpoint) => void found.push(each) }
  expectRight(await cipher.decrypt(key, bodyOf([bytes]), null, collecting().take, resume)(), 'decrypt')
  return found
}
