import { fc } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import { throttled, serverError, failure, type Failure } from '../../src/model/failure'
import { blobKey, type BlobId, type Namespace } from '../../src/model/ids'
import { HeldReason, newRecord, Priority, Status, type BlobRecord } from '../../src/model/record'

const keyOf = (id: string) => {
  const key = blobKey(id)
  if (E.isLeft(key)) throw new Error(key.left.message)
  return key.right
}

export const idOf = (id: string): BlobId => keyOf(id).id
export const namespace: Namespace = keyOf('any').namespace

/** When the listing of a test begins, and when it is compared. */
export const startedAtMs = 1_000
export const nowMs = 1_100

/** Few ids, so that the lists of a comparison overlap. */
export const someId = fc.constantFrom(...['a', 'b', 'c', 'd', 'e', 'f', 'A', 'x-1'].map(idOf))

/** Few tags, so that they are equal about as often as not. */
export const someTag = fc.constantFrom('tag 1', 'tag 2', null)

const plain = ['Unreachable', 'Unauthorized', 'Forbidden', 'NotFound', 'Exists', 'TooLarge', 'QuotaExceeded'] as const
const local = ['Tampered', 'StorageFull', 'StorageBroken', 'Corrupt', 'Aborted'] as const

export const someFailure: fc.Arbitrary<Failure> = fc.oneof(
  fc.tuple(fc.constantFrom(...plain, ...local), fc.string()).map(([tag, message]) => failure(tag, message)),
  fc.tuple(fc.string(), fc.option(fc.nat()), fc.boolean()).map((given) => throttled(...given)),
  fc.tuple(fc.string(), fc.integer({ min: 400, max: 599 })).map((given) => serverError(...given)),
)

const keysOf = <K extends string>(codec: { readonly keys: Readonly<Record<K, unknown>> }) =>
  fc.constantFrom(...(Object.keys(codec.keys) as K[]))

/** Any record that decodes, also ones that no chart would write. */
export const someRecord = (id: fc.Arbitrary<BlobId> = someId): fc.Arbitrary<BlobRecord> =>
  fc
    .record({
      id,
      status: keysOf(Status),
      held: fc.option(keysOf(HeldReason), { freq: 2 }),
      priority: keysOf(Priority),
      sizeBytes: fc.option(fc.nat()),
      listedBytes: fc.option(fc.nat()),
      isHere: fc.boolean(),
      seal: fc.option(fc.string()),
      tag: someTag,
      isExternal: fc.boolean(),
      uploadWasTried: fc.boolean(),
      attempts: fc.nat(9),
      dueAtMs: fc.option(fc.nat()),
      failure: fc.option(someFailure),
      missingSinceMs: fc.option(fc.nat(startedAtMs - 1)),
      erasedAtMs: fc.option(fc.nat(startedAtMs + 50)),
      trashedAtMs: fc.option(fc.nat(startedAtMs - 1)),
      isPinned: fc.boolean(),
      usedAtMs: fc.option(fc.nat()),
      upload: fc.option(fc.record({ session: fc.string(), sentBytes: fc.nat() })),
      download: fc.option(
        fc.record({
          checkpoint: fc.record({ seal: fc.string(), encryptedBytes: fc.nat(), plaintextBytes: fc.nat() }),
          sizeBytes: fc.option(fc.nat()),
          tag: someTag,
        }),
      ),
      changedAtMs: fc.nat(startedAtMs + 50),
    })
    .map((given) => newRecord({ ...given, namespace }))
