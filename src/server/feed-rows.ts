import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import * as t from 'io-ts'
import { combined, digestOf, nothing, rangeOf, type SetDigest } from '../model/digest'
import { BlobId } from '../model/ids'
import type { Place, Stored } from './backend'
import type { Change } from './changes'
import { asRow, StoredRow } from './database'

/**
 * What the database knows of changes. The blobs and tombstones are the feed themselves: they share one sequence of numbers, and whoever knows all up to one of
 * them needs those with a higher one. So it is never longer than they are, and in the transaction of what it tells.
 */
export interface FeedRows {
  /** Names this database: cursors of another one, or of a copy that was begun anew, mean nothing here. */
  readonly name: string
  /** The highest number ever given. */
  readonly last: () => number
  /** The highest number of a namespace, up to another one. */
  readonly lastIn: (place: Place, until: number) => number
  readonly since: (place: Place, after: number, until: number, limit: number) => readonly NumberedChange[]
  /** Counts a blob that is added, or one that is removed. */
  readonly count: (place: Place, id: BlobId, tag: string, sign: 1 | -1) => void
  readonly digest: (place: Place, range: string) => SetDigest
  readonly within: (place: Place, range: string) => readonly Stored[]
}

export interface NumberedChange {
  readonly number: number
  readonly atMs: number
  readonly change: Change
}

/** The number of the next upload or deletion. Numbers of rows that are gone are never given again. */
export const NEXT_NUMBER = `(SELECT 1 + max(seq) FROM sqlite_sequence WHERE name IN ('blob', 'tombstone'))`

export const feedRowsIn = (database: DatabaseSync): FeedRows => {
  prepare(database)
  const where = 'WHERE user = ? AND namespace = ?'
  const name = asRow(NameRow, database.prepare('SELECT name FROM feed').get()).name
  const last = database.prepare(`SELECT max(seq) AS number FROM sqlite_sequence WHERE name IN ('blob', 'tombstone')`)
  const lastIn = database.prepare(`
    SELECT max(
      ifnull((SELECT max(number) FROM blob ${where} AND number <= ?), 0),
      ifnull((SELECT max(number) FROM tombstone ${where} AND number <= ?), 0)
    ) AS number`)
  const span = `${where} AND number > ? AND number <= ?`
  const since = database.prepare(`
    SELECT number, id, sizeBytes, tag, createdAtMs AS atMs FROM blob ${span}
    UNION ALL SELECT number, id, NULL, NULL, deletedAtMs FROM tombstone ${span}
    ORDER BY number LIMIT ?`)
  const xor = (word: string) => `${word} = (${word} | excluded.${word}) - (${word} & excluded.${word})`
  const count = database.prepare(`
    INSERT INTO range VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET blobs = blobs + excluded.blobs, ${['a', 'b', 'c', 'd'].map(xor).join(', ')}`)
  const ranges = database.prepare(`SELECT blobs, a, b, c, d FROM range ${where} AND range >= ? AND range < ?`)
  const within = database.prepare(`SELECT id, sizeBytes, tag FROM blob ${where} AND range = ?`)

  return {
    name,
    last: () => asRow(NumberRow, last.get()).number,
    lastIn: ({ user, namespace }, until) => asRow(NumberRow, lastIn.get(user, namespace, until, user, namespace, until)).number,
    since: ({ user, namespace }, after, until, limit) =>
      since.all(user, namespace, after, until, user, namespace, after, until, limit).map(changeIn),
    count: ({ user, namespace }, id, tag, sign) => {
      const { words } = digestOf(id, tag)
      count.run(user, namespace, rangeOf(id), sign, ...words)
    },
    digest: ({ user, namespace }, range) =>
      ranges
        .all(user, namespace, range, `${range}g`)
        .map((row) => asRow(RangeRow, row))
        .reduce<SetDigest>((all, { blobs, a, b, c, d }) => combined(all, { blobs, words: [a, b, c, d] }), nothing),
    within: ({ user, namespace }, range) => within.all(user, namespace, range).map((row) => asRow(StoredRow, row)),
  }
}

/** Also makes a database fit that an earlier version has made. */
const prepare = (database: DatabaseSync) => {
  const isNew = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'feed'`).get() === undefined
  if (!isNew) return
  database.exec('BEGIN')
  try {
    database.exec(`
      CREATE TABLE feed (name TEXT NOT NULL) STRICT;
      CREATE TABLE range (
        user TEXT NOT NULL, namespace TEXT NOT NULL, range TEXT NOT NULL, blobs INTEGER NOT NULL,
        a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL, d INTEGER NOT NULL,
        PRIMARY KEY (user, namespace, range)
      ) STRICT, WITHOUT ROWID;
      ALTER TABLE blob ADD COLUMN range TEXT;
    `)
    database.prepare('INSERT INTO feed VALUES (?)').run(randomBytes(9).toString('base64url'))
    // Both tables counted for themselves; from now on the higher of both counts for both.
    for (const table of ['blob', 'tombstone']) {
      database
        .prepare(
          `INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)`,
        )
        .run(table, table)
    }
    countAll(database)
    database.exec(`
      CREATE INDEX blobByNumber ON blob (user, namespace, number);
      CREATE INDEX blobByRange ON blob (user, namespace, range);
      CREATE INDEX tombstoneByNumber ON tombstone (user, namespace, number);
      COMMIT`)
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

const countAll = (database: DatabaseSync) => {
  const digests = new Map<string, { readonly place: readonly [string, string, string]; readonly digest: SetDigest }>()
  const name = database.prepare('UPDATE blob SET range = ? WHERE number = ?')
  // A page at a time: rows must not change under the statement that reads them.
  const page = database.prepare('SELECT number, user, namespace, id, tag FROM blob WHERE number > ? ORDER BY number LIMIT 1000')
  for (let rows = page.all(-1); rows.length > 0;) {
    let after = 0
    for (const row of rows) {
      const { number, user, namespace, id, tag } = asRow(OldRow, row)
      const range = rangeOf(id)
      name.run(range, number)
      const key = `${user}/${namespace}/${range}`
      const before = digests.get(key)?.digest ?? nothing
      digests.set(key, { place: [user, namespace, range], digest: combined(before, digestOf(id, tag)) })
      after = number
    }
    rows = page.all(after)
  }
  const add = database.prepare('INSERT INTO range VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  for (const { place, digest } of digests.values()) add.run(...place, digest.blobs, ...digest.words)
}

const changeIn = (untyped: unknown): NumberedChange => {
  const { number, id, sizeBytes, tag, atMs } = asRow(ChangeRow, untyped)
  const change: Change =
    sizeBytes === null || tag === null ? { isDeleted: true, id } : { isDeleted: false, blob: { id, sizeBytes, tag } }
  return { number, atMs, change }
}

const NameRow = t.type({ name: t.string }, 'FeedRow')
const NumberRow = t.type({ number: t.number }, 'NumberRow')
const OldRow = t.type({ number: t.number, user: t.string, namespace: t.string, id: BlobId, tag: t.string }, 'BlobRow')
const RangeRow = t.type({ blobs: t.number, a: t.number, b: t.number, c: t.number, d: t.number }, 'RangeRow')
const ChangeRow = t.type(
  {
    number: t.number,
    id: BlobId,
    sizeBytes: t.union([t.number, t.null]),
    tag: t.union([t.string, t.null]),
    atMs: t.number,
  },
  'ChangeRow',
)
