import * as t from 'io-ts'
import { BlobId } from './ids'
import type { Entry } from './wire'

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])

/** The last word of a remote on one id. */
export const Mention = t.readonly(
  t.type({
    id: BlobId,
    /** As it is listed; null: it is not there. */
    entry: optional(t.readonly(t.type({ id: BlobId, sizeBytes: optional(t.number), tag: optional(t.string) }))),
    /** Whether it was deleted at some time. */
    hasTombstone: t.boolean,
  }),
)
export type Mention = t.TypeOf<typeof Mention>

/** What a page of a list or of a feed says. */
export interface Told {
  readonly entries: readonly Entry[]
  readonly tombstones: readonly BlobId[]
}

/** Takes in what was told later, page by page: an id that a page has as deleted alone is gone. */
export const mentioned = (before: Iterable<Mention>, pages: readonly Told[]): ReadonlyMap<BlobId, Mention> => {
  const mentions = new Map<BlobId, Mention>()
  for (const mention of before) mentions.set(mention.id, mention)
  for (const { entries, tombstones } of pages) {
    for (const id of tombstones) mentions.set(id, { id, entry: null, hasTombstone: true })
    for (const entry of entries) {
      const { id } = entry
      mentions.set(id, { id, entry, hasTombstone: mentions.get(id)?.hasTombstone ?? false })
    }
  }
  return mentions
}

/** The same as a list has it. */
export const toldBy = (mentions: Iterable<Mention>): Told => {
  const entries: Entry[] = []
  const tombstones: BlobId[] = []
  for (const { id, entry, hasTombstone } of mentions) {
    if (entry !== null) entries.push(entry)
    if (hasTombstone) tombstones.push(id)
  }
  return { entries, tombstones }
}
