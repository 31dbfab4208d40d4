import * as E from 'fp-ts/Either'
import { promisifyRequest } from 'idb-keyval'
import * as t from 'io-ts'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { keysBelow, type BrowserDatabase } from './browser-database'

/** A part of staged bytes: its key in the database, or the name of its file, and how many of its bytes count. */
export type Piece = t.TypeOf<typeof Piece>
const Piece = t.readonly(t.type({ at: t.string, sizeBytes: t.number }))
export const Pieces = t.readonlyArray(Piece)

/**
 * What is kept of stagings: a list of pieces for each blob that has any. Requests that `put` and `forget` give tell the list that was there before;
 * of it, the pieces that are not used any more are dropped.
 */
export interface Kept {
  readonly put: (objects: IDBObjectStore, key: BlobKey, pieces: readonly Piece[]) => readonly IDBRequest<unknown>[]
  /** @param asks Also where this tab knows of nothing: another one may lead. */
  readonly forget: (objects: IDBObjectStore, key: BlobKey, asks?: boolean) => readonly IDBRequest<unknown>[]
  /** Learns in a transaction what others have kept. */
  readonly learn: (objects: IDBObjectStore, then: (names: ReadonlySet<string>) => void) => void
  readonly pieces: (key: BlobKey) => Promise<readonly Piece[]>
  /** Keys and names of all pieces. */
  readonly names: () => Promise<readonly string[]>
}

/** @param drop Runs in the transaction that forgets pieces. */
export const browserKept = (
  { get, use }: BrowserDatabase,
  drop: (objects: IDBObjectStore, pieces: readonly Piece[]) => void = () => {},
): Kept => {
  // To ask the database at each write would cost as much as another write.
  const known = new Set<IDBValidKey>()
  let hasLearnt = false

  const learn: Kept['learn'] = (objects, then) => {
    const places = objects.getAllKeys(keysBelow('k/'))
    const lists = objects.getAll(keysBelow('k/'))
    lists.addEventListener('success', () => {
      for (const place of places.result) known.add(place)
      hasLearnt = true
      then(new Set(lists.result.flatMap((found: unknown) => namesOf(piecesIn(found)))))
    })
  }

  const change = (objects: IDBObjectStore, key: BlobKey, pieces: readonly Piece[]) => {
    const used = new Set(namesOf(pieces))
    const asked = objects.get(placeOf(key))
    asked.addEventListener('success', () => {
      drop(
        objects,
        piecesIn(asked.result).filter(({ at }) => !used.has(at)),
      )
      if (pieces.length > 0) objects.put(pieces, placeOf(key))
      else if (asked.result !== undefined) objects.delete(placeOf(key))
    })
    return [asked]
  }

  return {
    put: (objects, key, pieces) => {
      known.add(placeOf(key))
      return change(objects, key, pieces)
    },
    forget: (objects, key, asks = false) => {
      if (!asks && hasLearnt && !known.has(placeOf(key))) return []
      if (!hasLearnt) learn(objects, () => {})
      return change(objects, key, [])
    },
    learn,
    pieces: async (key) => piecesIn(await get(placeOf(key))),
    names: async () =>
      (await use('readonly', (objects) => promisifyRequest(objects.getAll(keysBelow('k/'))))).flatMap((found: unknown) =>
        namesOf(piecesIn(found)),
      ),
  }
}

const placeOf = (key: BlobKey): string => `k/${keyText(key)}`

/** The pieces in a value of the database. */
export const piecesIn = (value: unknown): readonly Piece[] => (Pieces.is(value) ? value : [])

export const namesOf = (pieces: readonly Piece[]): readonly string[] => pieces.map(({ at }) => at)

/** The pieces that hold the first so many bytes; null if they hold fewer. */
export const beginningOf = (pieces: readonly Piece[], sizeBytes: number): readonly Piece[] | null => {
  let leftBytes = sizeBytes
  const beginning: Piece[] = []
  for (const piece of pieces) {
    if (leftBytes === 0) break
    const usedBytes = Math.min(leftBytes, piece.sizeBytes)
    beginning.push({ ...piece, sizeBytes: usedBytes })
    leftBytes -= usedBytes
  }
  return leftBytes === 0 ? beginning : null
}

/** What becomes of a staging whose pieces were taken away meanwhile. */
export const gone: E.Either<Failure, never> = E.left(
  failure('StorageBroken', 'What was staged is gone: another tab led meanwhile, or its data was cleared.'),
)
