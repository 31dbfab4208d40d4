import { failure, type Failure } from '../model/failure'
import { BlobId } from '../model/ids'
import { checkIds, Tag, type Entry } from '../model/wire'
import { isCount } from './check-count'

export interface CheckedEntries {
  /** Each id once. A size or tag that is none is null. */
  readonly entries: readonly Entry[]
  /** What was wrong, item by item; after the first hundred only how many more. */
  readonly corrupt: readonly Failure[]
}

const CORRUPT_MAX = 100

/** Checks a list from outside: ids alone, or objects with `id`, and `size` and `tag` where the remote tells them. */
export const checkEntries = (items: readonly unknown[]): CheckedEntries => {
  const checker = entryChecker()
  checker.add(items)
  return checker.end()
}

/** As `checkEntries`, for a list that comes in pieces. */
export const entryChecker = () => {
  const entries = new Map<BlobId, Entry>()
  const corrupt: Failure[] = []
  let unsaid = 0
  const report = (wrong: Failure) => {
    if (corrupt.length < CORRUPT_MAX) corrupt.push(wrong)
    else unsaid++
  }
  const add = (item: unknown) => {
    const listed = typeof item === 'object' && item !== null ? { ...absent, ...item } : { ...absent, id: item }
    if (!BlobId.is(listed.id)) {
      checkIds([listed.id ?? null]).bad.forEach(report)
      return
    }
    const sizeBytes = isCount(listed.size) ? listed.size : null
    const tag = Tag.is(listed.tag) ? listed.tag : null
    if (sizeBytes !== (listed.size ?? null)) report(failure('Corrupt', `The remote lists a size that is none for ${listed.id}.`))
    if (tag !== (listed.tag ?? null)) report(failure('Corrupt', `The remote lists a tag that is none for ${listed.id}.`))
    if (!entries.has(listed.id)) entries.set(listed.id, { id: listed.id, sizeBytes, tag })
  }
  return {
    add: (items: readonly unknown[]) => items.forEach(add),
    end: (): CheckedEntries => {
      if (unsaid > 0) corrupt.push(failure('Corrupt', `The remote lists ${unsaid} more items that are none.`))
      return { entries: [...entries.values()], corrupt }
    },
  }
}

const absent: { readonly id: unknown; readonly size: unknown; readonly tag: unknown } = { id: null, size: null, tag: null }
