import type { DatabaseSync } from 'node:sqlite'
import type * as t from 'io-ts'
import { rangeOf } from '../model/digest'
import type { BlobId, Namespace } from '../model/ids'
import type { Arrived } from './arrival'
import type { Order, Place, Stored, StoredKey, User } from './backend'
import { asRow, CountRow, FileRow, FlagsRow, IdRow, NumberRow, PayloadRow, StoredRow, UsedRow } from './database'
import { NEXT_NUMBER, type FeedRows } from './feed-rows'
import { FlagList, type Flag } from './flags'

/** What the database knows, in the backend's words. Each runs at once; those that change something belong in a commit. */
export interface Rows {
  readonly list: (place: Place, order: Order, flag: string | null) => readonly Stored[]
  readonly tombstones: (place: Place, order: Order) => readonly BlobId[]
  readonly count: (user: User, namespace: Namespace | null) => number
  readonly has: (key: StoredKey) => boolean
  /** Where a blob's bytes are; null if there is no such blob. */
  readonly payload: (key: StoredKey) => t.TypeOf<typeof PayloadRow> | null
  readonly flags: (key: StoredKey) => readonly Flag[] | null
  readonly add: (key: StoredKey, arrived: Arrived, flags: readonly Flag[]) => void
  /** @returns false if there is no such blob. */
  readonly setFlags: (key: StoredKey, flags: readonly Flag[]) => boolean
  /** Removes a blob and adds its tombstone. @returns what it took; null if there is no such blob. */
  readonly remove: (key: StoredKey) => { readonly sizeBytes: number; readonly file: string | null } | null
  /** Whether a blob has its bytes in that file. */
  readonly isNamed: (file: string) => boolean
  /** The bytes of each user. */
  readonly used: () => readonly { readonly user: string; readonly bytes: number }[]
}

/** @param note told of each namespace in which something changes. */
export const rowsIn = (database: DatabaseSync, feed: FeedRows, note: (place: Place) => void): Rows => {
  database.exec('CREATE INDEX IF NOT EXISTS blobByFile ON blob (file) WHERE file IS NOT NULL')
  const where = 'WHERE user = ? AND namespace = ?'
  const orders: Readonly<Record<Order, string>> = { id: 'id', oldest: 'number', newest: 'number DESC' }
  const flagged = 'AND EXISTS (SELECT 1 FROM flags, json_each(flags.list) WHERE flags.number = blob.number AND value = ?)'
  const counted = database.prepare(`SELECT count(*) AS count FROM blob ${where}`)
  const countedInAll = database.prepare('SELECT count(*) AS count FROM blob WHERE user = ?')
  const placed = database.prepare(`SELECT number, sizeBytes, tag, file FROM blob ${where} AND id = ?`)
  const payload = database.prepare(`SELECT tag, file, bytes FROM blob LEFT JOIN payload USING (number) ${where} AND id = ?`)
  const flagsOf = database.prepare(`SELECT list FROM blob LEFT JOIN flags USING (number) ${where} AND id = ?`)
  const named = database.prepare('SELECT 1 FROM blob WHERE file = ?')
  const addBlob = database.prepare(
    `INSERT INTO blob (number, user, namespace, id, sizeBytes, tag, file, createdAtMs, range)
     VALUES (${NEXT_NUMBER}, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number`,
  )
  const addPayload = database.prepare('INSERT INTO payload (number, bytes) VALUES (?, ?)')
  const replaceFlags = database.prepare('INSERT OR REPLACE INTO flags (number, list) VALUES (?, ?)')
  const removals = ['blob', 'payload', 'flags'].map((table) => database.prepare(`DELETE FROM ${table} WHERE number = ?`))
  const addTombstone = database.prepare(
    `INSERT INTO tombstone (number, user, namespace, id, deletedAtMs) VALUES (${NEXT_NUMBER}, ?, ?, ?, ?)`,
  )

  const find = (key: StoredKey) => {
    const row = placed.get(...columns(key), key.id)
    return row === undefined ? null : asRow(FileRow, row)
  }

  return {
    list: (place, order, flag) =>
      database
        .prepare(`SELECT id, sizeBytes, tag FROM blob ${where} ${flag === null ? '' : flagged} ORDER BY ${orders[order]}`)
        .all(...columns(place), ...(flag === null ? [] : [flag]))
        .map((row) => asRow(StoredRow, row)),
    tombstones: (place, order) =>
      database
        .prepare(`SELECT id FROM tombstone ${where} ORDER BY ${orders[order]}`)
        .all(...columns(place))
        .map((row) => asRow(IdRow, row).id),
    count: (user, namespace) => asRow(CountRow, namespace === null ? countedInAll.get(user) : counted.get(user, namespace)).count,
    has: (key) => find(key) !== null,
    payload: (key) => {
      const row = payload.get(...columns(key), key.id)
      return row === undefined ? null : asRow(PayloadRow, row)
    },
    flags: (key) => {
      const row = flagsOf.get(...columns(key), key.id)
      return row === undefined ? null : asRow(FlagList, JSON.parse(asRow(FlagsRow, row).list ?? '[]'))
    },
    add: (key, { tag, sizeBytes, content }, flags) => {
      const row = addBlob.get(...columns(key), key.id, sizeBytes, tag, content.file, Date.now(), rangeOf(key.id))
      const { number } = asRow(NumberRow, row)
      if (content.bytes !== null) addPayload.run(number, content.bytes)
      if (flags.length > 0) replaceFlags.run(number, JSON.stringify(flags))
      feed.count(key, key.id, tag, 1)
      note(key)
    },
    setFlags: (key, flags) => {
      const blob = find(key)
      if (blob !== null) replaceFlags.run(blob.number, JSON.stringify(flags))
      return blob !== null
    },
    remove: (key) => {
      const blob = find(key)
      if (blob === null) return null
      removals.forEach((removal) => removal.run(blob.number))
      addTombstone.run(...columns(key), key.id, Date.now())
      feed.count(key, key.id, blob.tag, -1)
      note(key)
      return blob
    },
    isNamed: (file) => named.get(file) !== undefined,
    used: () =>
      database
        .prepare('SELECT user, sum(sizeBytes) AS bytes FROM blob GROUP BY user')
        .all()
        .map((row) => asRow(UsedRow, row)),
  }
}

const columns = ({ user, namespace }: Place): [string, string] => [user, namespace]
