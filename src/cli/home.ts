import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { createBlobSync } from '../blob-sync'
import { anyCipher } from '../cipher/any'
import type { Cipher } from '../cipher/cipher'
import { soledadCipher } from '../cipher/soledad'
import { streamingCipher } from '../cipher/streaming'
import { failure, type Failure } from '../model/failure'
import type { BlobRecord } from '../model/record'
import type { BlobSync, BlobSyncOptions } from '../options'
import { httpRemote } from '../remote/http'
import type { Remote } from '../remote/remote'
import { fileStore, readFileRecords } from '../store/file'
import { warn } from './print'
import { Problem } from './problem'
import type { Settings } from './settings'

/**
 * Opens this device's blobs and uses them; closes them whatever happens.
 *
 * @param isPaused True: nothing is sent or fetched but what is asked for; what is put or deleted waits for the next `sync`.
 */
export const withBlobs = async <A>(
  settings: Settings,
  secret: Uint8Array,
  isPaused: boolean,
  use: (blobs: BlobSync) => Promise<A>,
  given: Pick<BlobSyncOptions, 'download'> = {},
): Promise<A> => {
  const { home, namespace, transfers } = settings
  const blobs = createBlobSync({
    live: false,
    store: fileStore(home),
    remote: remoteOf(settings),
    cipher: cipherOf(settings, secret),
    namespaces: [namespace],
    paused: isPaused,
    ...given,
    ...(transfers === undefined ? {} : { transfers }),
  })
  try {
    await blobs.ready
    return await use(blobs)
  } finally {
    await blobs.close()
  }
}

/** Encrypts as the settings say, and opens whatever a home or its server may hold. */
const cipherOf = ({ cipher }: Settings, secret: Uint8Array): Cipher => {
  const [streaming, soledad] = [streamingCipher(secret), soledadCipher(secret)]
  return anyCipher(cipher === 'streaming' ? [streaming, soledad] : [soledad, streaming])
}

/** The records of a home, whoever holds it; damaged ones are told on stderr, and those in the trash are left out. */
export const readRecordsOf = async (home: string): Promise<readonly BlobRecord[]> => {
  const records: BlobRecord[] = []
  for (const each of await rowsOf(home)) {
    if (E.isLeft(each)) warn(each.left.message)
    else if (each.right.trashedAtMs === null) records.push(each.right)
  }
  return records
}

/** Whether a home has no record at all, not even a damaged one or one in the trash. */
export const isNewHome = async (home: string): Promise<boolean> => (await rowsOf(home)).length === 0

/** @throws {Problem} if the address, user or token is missing. */
export const requireRemote = ({ remote, user, token }: Settings): void => {
  const missing = Object.entries({ '--remote': remote, '--user': user, '--token': token }).filter(([, value]) => value === null)
  if (missing.length === 0) return
  const names = missing.map(([name]) => name).join(', ')
  throw new Problem(`This needs a server: give ${names}, or set BLOBSYNC_REMOTE, BLOBSYNC_USER and BLOBSYNC_TOKEN.`)
}

/** The server of these settings; where none was given, one that is out of reach. */
export const remoteOf = ({ remote, user, token }: Settings): Remote =>
  remote === null || user === null || token === null ? noRemote : httpRemote({ url: remote, user, token })

const rowsOf = async (home: string): Promise<readonly E.Either<Failure, BlobRecord>[]> => {
  const read = await readFileRecords(home)()
  if (E.isLeft(read)) throw new Problem(read.left.message)
  return read.right
}

const unreachable = TE.left<Failure>(failure('Unreachable', 'No server was given: --remote URL --user U --token T.'))

/** Stands in where no server was given: all of it is out of reach. */
const noRemote: Remote = {
  supports: () => unreachable,
  count: () => unreachable,
  list: () => unreachable,
  put: () => unreachable,
  get: () => unreachable,
  stat: () => unreachable,
  delete: () => unreachable,
  refreshAccess: () => unreachable,
}
