import { readFile, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { asRow, PayloadRow } from './database'
import { databasePath } from './file-backend'
import { payloadPath } from './payload-files'

/**
 * Changes the stored bytes of one blob under a `fileBackend`'s feet, as a failing disk or a dishonest host would; the server may
 * be running. For drills and tests: nothing else about the blob changes.
 *
 * @returns false if there is no such blob.
 */
export const rewritePayload = async (
  root: string,
  { user, namespace, id }: { readonly user: string; readonly namespace: string; readonly id: string },
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): Promise<boolean> => {
  const database = new DatabaseSync(databasePath(root))
  try {
    database.exec('PRAGMA busy_timeout = 5000')
    const row = database
      .prepare('SELECT tag, file, bytes FROM blob LEFT JOIN payload USING (number) WHERE user = ? AND namespace = ? AND id = ?')
      .get(user, namespace, id)
    if (row === undefined) return false
    const { file, bytes } = asRow(PayloadRow, row)
    if (file !== null) {
      const path = payloadPath(root, file)
      await writeFile(path, change(new Uint8Array(await readFile(path))))
    } else if (bytes !== null) {
      database
        .prepare(
          'UPDATE payload SET bytes = ? WHERE number = (SELECT number FROM blob WHERE user = ? AND namespace = ? AND id = ?)',
        )
        .run(change(bytes), user, namespace, id)
    }
    return true
  } finally {
    database.close()
  }
}
