import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { atRest, type AtRest, type PieceSealer } from '../cipher/at-rest'
import { bestSegments } from '../cipher/segment-engine-node'
import { BLOB_FORMAT } from '../cipher/segments'
import { failure, type Failure } from '../model/failure'
import { keyText } from '../model/ids'
import type { KeepingPower, LastingStaging, Staging, Store } from './store'

const SECRET_BYTES_MIN = 32

/**
 * A store whose payloads rest encrypted on the device, staging included, as docs/format.md specifies. Records stay readable: they hold ids,
 * sizes and times, and nothing of a content; so do notes. What the store held before it was wrapped is `Corrupt`.
 *
 * A part of a payload is read by decrypting the segments of 1 MiB that it touches. A `Blob` of it holds all of the plaintext, as
 * the platform keeps Blobs.
 *
 * @param secret At least 32 random bytes; copied. It may be the cipher's: their keys differ.
 * @throws {RangeError} if it is shorter.
 */
export const encryptedStore = (store: Store, secret: Uint8Array): Store => {
  if (secret.length >= SECRET_BYTES_MIN) return encryptedBy(atRest(bestSegments(), BLOB_FORMAT, new Uint8Array(secret)), store)
  throw new RangeError(`A secret has at least ${SECRET_BYTES_MIN} random bytes, this one has ${secret.length}.`)
}

/** `encryptedStore` in a format of one's choice; internal, for tests. */
export const encryptedBy = (rest: AtRest, store: Store): Store => {
  const { keeping, notes, resting, shared, room } = store
  /** What has to be encrypted before the store hears of it. */
  const underWay = new Set<Promise<unknown>>()
  const counted =
    <A>(use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    () => {
      const result = use()
      underWay.add(result)
      void result.then(() => underWay.delete(result))
      return result
    }

  const sealedStaging = (staging: Staging, pieces: PieceSealer, inLine: InLine): Staging => ({
    // The store is told of each piece, even if none of it is ready: it alone knows whether it still takes any.
    append: (bytes) => counted(inLine(() => pieces.add(bytes).then((ready) => staging.append(ready)()))),
    commit: (record) =>
      counted(
        pipe(
          TE.tryCatch(pieces.finish, (error) => failure('StorageBroken', `Storing ${keyText(record)} failed: ${String(error)}.`)),
          TE.chain((ready) => staging.append(ready)),
          TE.chain(() => staging.commit(record)),
        ),
      ),
    discard: () => staging.discard(),
  })

  const sealedLasting = (staging: LastingStaging, pieces: PieceSealer, inLine: InLine): LastingStaging => ({
    ...sealedStaging(staging, pieces, inLine),
    keep: (record) =>
      counted(
        pipe(
          inLine(async () => {
            const ready = await pieces.cut(record.download?.checkpoint.plaintextBytes ?? 0)
            return E.map(() => ready !== null)(await staging.append(ready ?? new Uint8Array(0))())
          }),
          TE.chain((isCut) => (isCut ? staging.keep(record) : TE.right(false))),
        ),
      ),
    leave: () => staging.leave(),
    read: () => TE.left(failure('StorageBroken', 'What an encrypted store keeps is not read before it is whole.')),
  })

  const keepingBy = (power: KeepingPower): KeepingPower => ({
    stage: (key) =>
      pipe(
        power.stage(key),
        TE.map((staging) => sealedLasting(staging, rest.pieces(key), inLine())),
      ),
    restage: (key, sizeBytes) => {
      const heldBytes = rest.sizeOfBeginning(sizeBytes)
      if (heldBytes === null) return TE.right(O.none)
      return pipe(
        power.restage(key, heldBytes),
        TE.chain(
          O.match(
            (): TE.TaskEither<Failure, O.Option<LastingStaging>> => TE.right(O.none),
            (staging) =>
              pipe(
                rest.morePieces(key, sizeBytes, staging.read),
                TE.map(O.map((pieces) => sealedLasting(staging, pieces, inLine()))),
                TE.chainFirst((opened) => (O.isNone(opened) ? staging.leave() : TE.right(undefined))),
              ),
          ),
        ),
      )
    },
  })

  return {
    records: () => store.records(),
    record: (key) => store.record(key),
    read: (key) => pipe(store.read(key), TE.chainEitherK(O.traverse(E.Applicative)((payload) => rest.opened(key, payload)))),
    // Encrypted anew whenever it runs: no nonce serves for two contents, not even if one of them could not be read.
    write: (record, payload) => () => store.write(record, rest.sealed(record, payload))(),
    remember: (records) => store.remember(records),
    drop: (record) => store.drop(record),
    remove: (keys) => store.remove(keys),
    stage: (key) =>
      pipe(
        store.stage(key),
        TE.map((staging) => sealedStaging(staging, rest.pieces(key), inLine())),
      ),
    ...(keeping === undefined ? {} : { keeping: keepingBy(keeping) }),
    ...(notes === undefined ? {} : { notes }),
    ...(resting === undefined ? {} : { resting }),
    ...(shared === undefined
      ? {}
      : {
          shared: {
            name: shared.name,
            lead: (onDeposed) => shared.lead(onDeposed),
            add: (record, payload, mayReplace) => () => shared.add(record, rest.sealed(record, payload), mayReplace)(),
          },
        }),
    ...(room === undefined ? {} : { room: () => room.call(store) }),
    close: () => () => Promise.all(underWay).then(() => store.close()()),
  }
}

type InLine = <A>(use: TE.TaskEither<Failure, A>) => TE.TaskEither<Failure, A>

/** What it is given runs one after the other: pieces are encrypted in their order. */
const inLine = (): InLine => {
  let line: Promise<unknown> = Promise.resolve()
  return (use) => () => {
    const turn = line.then(use, use)
    line = turn
    return turn
  }
}
