import { randomBytes } from 'node:crypto'
import { lstat, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { holdLock } from '../server/database'

/** Where a tour keeps all that it makes, until it ends. */
export interface TourFolder {
  readonly path: string
  /** 512 bytes. */
  readonly secret: Uint8Array<ArrayBuffer>
  readonly token: string
  /** Whether a tour of the same files left it, which was killed. */
  readonly isOld: boolean
  readonly remove: () => Promise<void>
}

const PREFIX = 'blobsync-start-'

/** What a folder says of itself, once all that a tour needs to go on is in it. */
const Note = t.type({ files: t.array(t.string), secret: t.string, token: t.string }, 'Note')
type Note = t.TypeOf<typeof Note>

/**
 * The folder that a tour of the same files left behind when it was killed, or a new one. None that another tour uses: each holds a lock,
 * which ends with its process.
 */
export const tourFolder = async (files: readonly string[]): Promise<TourFolder> =>
  (files.length === 0 ? null : await abandoned(files)) ?? (await created(files))

const created = async (files: readonly string[]): Promise<TourFolder> => {
  const path = await mkdtemp(join(tmpdir(), PREFIX))
  const release = lock(path)
  const note: Note = { files: [...files], secret: randomBytes(512).toString('hex'), token: randomBytes(24).toString('base64url') }
  await writeFile(join(path, 'note.new'), JSON.stringify(note), { mode: 0o600 })
  await rename(join(path, 'note.new'), join(path, 'note.json'))
  return folderOf({ path, note, isOld: false, release })
}

const abandoned = async (files: readonly string[]): Promise<TourFolder | null> => {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name)
    if (!name.startsWith(PREFIX) || !(await isOurs(path)) || !isOf(files, await noteIn(path))) continue
    const release = lockIfFree(path)
    if (release === null) continue
    // Whoever held the lock may just have removed what was there.
    const note = await noteIn(path)
    if (note !== null) return folderOf({ path, note, isOld: true, release })
    release()
  }
  return null
}

interface Parts {
  readonly path: string
  readonly note: Note
  readonly isOld: boolean
  readonly release: () => void
}

const folderOf = ({ path, note, isOld, release }: Parts): TourFolder => ({
  path,
  secret: new Uint8Array(Buffer.from(note.secret, 'hex')),
  token: note.token,
  isOld,
  remove: async () => {
    await rm(path, { recursive: true, force: true })
    release()
  },
})

const lock = (path: string) => {
  const database = holdLock(join(path, 'lock.sqlite'))
  return () => database.close()
}

const lockIfFree = (path: string) => {
  try {
    return lock(path)
  } catch {
    return null
  }
}

/** The folder for temporary files is everybody's: what is in it may be a trap. */
const isOurs = async (path: string): Promise<boolean> => {
  const what = await lstat(path).catch(() => null)
  return what !== null && what.isDirectory() && what.uid === (process.getuid?.() ?? what.uid)
}

const noteIn = async (path: string): Promise<Note | null> => {
  try {
    const note = Note.decode(JSON.parse(await readFile(join(path, 'note.json'), 'utf8')))
    return E.isRight(note) ? note.right : null
  } catch {
    return null
  }
}

const isOf = (files: readonly string[], note: Note | null): boolean => JSON.stringify(note?.files) === JSON.stringify(files)
