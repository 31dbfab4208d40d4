import type { DatabaseSync } from 'node:sqlite'
import * as t from 'io-ts'
import { BlobId, Namespace } from '../model/ids'
import { User, type StoredKey } from './backend'
import { asRow } from './database'
import type { PartialUpload } from './parts'

/** An upload and the name of its bytes' file, the same before and after they are whole; null once the blob is stored. */
export interface PartRow extends PartialUpload {
  readonly file: string | null
}

/** What the database knows of uploads in parts. Each runs at once; those that change something belong in a commit. */
export interface PartRows {
  readonly add: (row: PartRow) => void
  readonly find: (uploadId: string) => PartRow | null
  readonly all: () => readonly PartRow[]
  readonly moveTo: (uploadId: string, offset: number, changedAtMs: number) => void
  /** Marks that the blob is stored. */
  readonly finish: (uploadId: string, changedAtMs: number) => void
  readonly remove: (uploadId: string) => void
  /** Of a blob that is deleted nobody is told that its upload was finished. */
  readonly removeFinished: (key: StoredKey) => void
  readonly isNamed: (file: string) => boolean
}

export const partRowsIn = (database: DatabaseSync): PartRows => {
  database.exec(`
    CREATE TABLE IF NOT EXISTS upload (
      uploadId TEXT PRIMARY KEY,
      user TEXT NOT NULL, namespace TEXT NOT NULL, id TEXT NOT NULL,
      sizeBytes INTEGER NOT NULL, offset INTEGER NOT NULL, file TEXT, changedAtMs INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS uploadByKey ON upload (user, namespace, id);
    CREATE INDEX IF NOT EXISTS uploadByFile ON upload (file) WHERE file IS NOT NULL;
  `)
  const add = database.prepare('INSERT INTO upload VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const one = database.prepare('SELECT * FROM upload WHERE uploadId = ?')
  const all = database.prepare('SELECT * FROM upload ORDER BY rowid')
  const move = database.prepare('UPDATE upload SET offset = ?, changedAtMs = ? WHERE uploadId = ?')
  const finish = database.prepare('UPDATE upload SET offset = sizeBytes, file = NULL, changedAtMs = ? WHERE uploadId = ?')
  const remove = database.prepare('DELETE FROM upload WHERE uploadId = ?')
  const removeFinished = database.prepare('DELETE FROM upload WHERE user = ? AND namespace = ? AND id = ? AND file IS NULL')
  const named = database.prepare('SELECT 1 FROM upload WHERE file = ?')

  return {
    add: ({ uploadId, key, sizeBytes, offset, file, changedAtMs }) =>
      void add.run(uploadId, key.user, key.namespace, key.id, sizeBytes, offset, file, changedAtMs),
    find: (uploadId) => {
      const row = one.get(uploadId)
      return row === undefined ? null : partRow(row)
    },
    all: () => all.all().map(partRow),
    moveTo: (uploadId, offset, changedAtMs) => void move.run(offset, changedAtMs, uploadId),
    finish: (uploadId, changedAtMs) => void finish.run(changedAtMs, uploadId),
    remove: (uploadId) => void remove.run(uploadId),
    removeFinished: ({ user, namespace, id }) => void removeFinished.run(user, namespace, id),
    isNamed: (file) => named.get(file) !== undefined,
  }
}

const Row = t.type(
  {
    uploadId: t.string,
    user: User,
    namespace: Namespace,
    id: BlobId,
    sizeBytes: t.number,
    offset: t.number,
    file: t.union([t.string, t.null]),
    changedAtMs: t.number,
  },
  'UploadRow',
)

const partRow = (untyped: unknown): PartRow => {
  const { user, namespace, id, ...row } = asRow(Row, untyped)
  return { ...row, key: { user, namespace, id } }
}
