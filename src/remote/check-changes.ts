import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'
import type { ChangesAnswer, DigestAnswer } from '../model/wire'
import { checkEntries } from './check-entries'
import type { ChangesPage, RangeDigest } from './remote'

/** Checks pages of changes from outside, item by item. */
export const checkChanges = (pages: ChangesAnswer, asked: number): E.Either<Failure, readonly (ChangesPage | null)[]> =>
  pages.length === asked
    ? E.right(pages.map((page) => ('expired' in page ? null : checkPage(page))))
    : E.left(failure('Corrupt', `The remote’s feed has ${pages.length} pages for ${asked} cursors.`))

export const checkPage = ({ changes, cursor, more }: Exclude<ChangesAnswer[number], { expired: true }>): ChangesPage => {
  const isDeleted = (item: unknown) => typeof item === 'object' && item !== null && 'deleted' in item && item.deleted === true
  const live = checkEntries(changes.filter((item) => !isDeleted(item)))
  const deleted = checkEntries(changes.filter(isDeleted))
  return {
    entries: live.entries,
    tombstones: deleted.entries.map(({ id }) => id),
    corrupt: [...live.corrupt, ...deleted.corrupt],
    cursor,
    hasMore: more,
  }
}

export const checkDigest = ({ cursor, blobs, digest, parts = [], entries = [] }: DigestAnswer): RangeDigest => ({
  cursor,
  blobs,
  digest,
  parts,
  entries: checkEntries(entries).entries,
})
