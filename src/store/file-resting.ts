import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { Namespace } from '../model/ids'
import { parseRecord } from './check-record'
import type { Opened, RestingPower } from './store'

/** The records of blobs at rest, read out of the table of all where somebody asks for them. Throws SQLite's errors from `open` alone. */
export interface RestingTable extends Pick<RestingPower, 'peek' | 'all'> {
  readonly open: () => Opened
}

// Records are JSON that this library made, without spaces, and within a string its quotes would be escaped.
const atRest = `(json_valid(record) AND instr(record, '"version":1,') > 0 AND instr(record, '"status":"SYNCED"') > 0
  AND instr(record, '"held":null') > 0 AND instr(record, '"isHere":true') > 0 AND instr(record, '"trashedAtMs":null') > 0)`

const bytes = `CASE WHEN json_valid(record) THEN json_extract(record, '$.sizeBytes') END`

/**
 * Makes the indexes by which opening counts those at rest and reads the others alone; in a database of an earlier version that reads it once. A version
 * that does not know them keeps them up to date all the same, since SQLite does.
 */
export const prepareResting = (database: DatabaseSync): void =>
  database.exec(`
    CREATE INDEX IF NOT EXISTS resting ON blob (namespace, ${bytes}) WHERE ${atRest};
    CREATE INDEX IF NOT EXISTS restless ON blob (number) WHERE NOT ${atRest};
    CREATE INDEX IF NOT EXISTS filed ON blob (file, fileBytes) WHERE file IS NOT NULL;
  `)

export const restingTable = (database: DatabaseSync): RestingTable => {
  const count = database.prepare(
    `SELECT namespace, count(*) AS blobs, total(${bytes}) AS bytes FROM blob INDEXED BY resting WHERE ${atRest} GROUP BY namespace`,
  )
  const restless = database.prepare(
    `SELECT namespace, id, record FROM blob INDEXED BY restless WHERE NOT ${atRest} ORDER BY number`,
  )
  const recordOf = database.prepare('SELECT record FROM blob WHERE namespace = ? AND id = ?')
  const page = database.prepare('SELECT number, namespace, id, record FROM blob WHERE number > ? ORDER BY number LIMIT ?')
  return {
    open: () => ({
      // One by one: all the texts at once would take as much memory again.
      restless: Array.from(restless.iterate(), (row) => parseRecord(placeOf(row), text(row['record']))),
      counts: count.all().flatMap((row) => {
        const namespace = text(row['namespace'])
        return Namespace.is(namespace) ? [{ namespace, blobs: Number(row['blobs']), bytes: Number(row['bytes']) }] : []
      }),
    }),
    peek: ({ namespace, id }) => {
      const row = recordOf.get(namespace, id)
      return row === undefined
        ? E.right(O.none)
        : O.sequence(E.Applicative)(O.some(parseRecord(`${namespace}/${id}`, text(row['record']))))
    },
    all: function* () {
      for (let rows = page.all(0, PAGE_RECORDS); rows.length > 0; rows = page.all(Number(rows.at(-1)?.['number']), PAGE_RECORDS))
        for (const row of rows) yield [placeOf(row), () => parseRecord(placeOf(row), text(row['record']))]
    },
  }
}

/** A page is read at a stretch, in a millisecond or two. */
const PAGE_RECORDS = 500

const placeOf = (row: Readonly<Record<string, unknown>>): string => `${text(row['namespace'])}/${text(row['id'])}`
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
