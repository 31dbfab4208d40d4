import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Resting, Roster } from '../machines'
import { breather } from './model/breather'
import type { Failure } from './model/failure'
import { blobKey } from './model/ids'
import type { BlobRecord } from './model/record'
import type { RestingPower } from './store/store'

/** A store's blobs at rest, as the roster asks for them. What cannot be read is told once, and is none. */
export const restingIn = (power: RestingPower, report: (reason: Failure) => void): Resting => {
  const told = new Set<string>()
  const sound = <A>(read: E.Either<Failure, A>): A | undefined => {
    if (E.isRight(read)) return read.right
    if (!told.has(read.left.message)) report(read.left)
    told.add(read.left.message)
    return undefined
  }
  return {
    peek: (text) => {
      const at = text.indexOf('/')
      const key = blobKey(text.slice(at + 1), text.slice(0, at))
      return E.isLeft(key) ? undefined : O.toUndefined(sound(power.peek(key.right)) ?? O.none)
    },
    *all() {
      for (const [key, read] of power.all()) yield [key, () => sound(read())] as const
    },
  }
}

/** All records of a kind; others go first in between, and what they change may be among them as it was or as it is. */
export const readAll = async (
  roster: Pick<Roster, 'all'>,
  isWanted: (record: BlobRecord) => boolean,
): Promise<readonly BlobRecord[]> => {
  const breathe = breather()
  const found: BlobRecord[] = []
  let count = 0
  for (const record of roster.all()) {
    if (isWanted(record)) found.push(record)
    if ((count += 1) % READ_AT_ONCE === 0) await breathe()
  }
  return found
}

const READ_AT_ONCE = 100
