import { DataStore, ERRORS, Upload } from '@tus/server'
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { blobKey } from '../model/ids'
import type { Owner } from './backend'
import { BLOB_BYTES_MIN } from './limits'
import type { PartialUpload, PartsBackend } from './parts'
import { BodyRefused, type Refusal } from './refusal'

/**
 * One request's view of its user's uploads in parts, as `@tus/server` wants it. It takes the body from the request itself: through the server's
 * three streams a part took more than twice as long.
 */
export class TusStore extends DataStore {
  override extensions = ['creation', 'creation-with-upload', 'expiration', 'termination']
  private readonly parts: PartsBackend
  private readonly owner: Owner
  private readonly body: AsyncIterable<Uint8Array>
  private created: PartialUpload | null = null

  constructor(parts: PartsBackend, owner: Owner, body: AsyncIterable<Uint8Array>) {
    super()
    this.parts = parts
    this.owner = owner
    this.body = body
  }

  override async create(upload: Upload): Promise<Upload> {
    const { size: sizeBytes = 0, metadata = {} } = upload
    const key = blobKey(metadata['id'] ?? '', metadata['namespace'] ?? undefined)
    if (E.isLeft(key)) throw new BodyRefused({ _tag: 'Nameless', message: key.left.message })
    if (sizeBytes < BLOB_BYTES_MIN) throw new BodyRefused({ _tag: 'TooShort' })
    this.created = await orThrow(this.parts.create(this.owner, { ...key.right, sizeBytes }))
    // The server goes on with this object and tells its id.
    return Object.assign(upload, asUpload(this.created))
  }

  override async getUpload(uploadId: string): Promise<Upload> {
    // One that had to make room before its creation was answered was created: whoever goes on with it hears that it is gone.
    const upload = await this.find(uploadId, this.created)
    if (upload.offset < upload.sizeBytes) return asUpload(upload)
    // It is told to be whole only once the blob is stored, also where a disk failed in between. If another blob has its id, it is gone.
    const stored = await this.parts.append(upload, nothing())()
    if (E.isLeft(stored) && stored.left._tag !== 'Exists') throw new BodyRefused(stored.left)
    return asUpload(await this.find(uploadId))
  }

  override async write(_stream: unknown, uploadId: string): Promise<number> {
    return orThrow(this.parts.append(await this.find(uploadId), this.body))
  }

  override async remove(uploadId: string): Promise<void> {
    await this.parts.discard(await this.find(uploadId))
  }

  /** It is counted from the last byte: see `asUpload`. */
  override getExpiration(): number {
    return this.parts.expiresMs
  }

  private async find(uploadId: string, otherwise: PartialUpload | null = null): Promise<PartialUpload> {
    const upload = (await this.parts.find(this.owner.user, uploadId)) ?? otherwise
    if (upload === null) throw ERRORS.FILE_NOT_FOUND
    return upload
  }
}

const asUpload = ({ uploadId, sizeBytes, offset, key: { namespace, id }, changedAtMs }: PartialUpload) =>
  new Upload({
    id: uploadId,
    size: sizeBytes,
    offset,
    metadata: { namespace, id },
    creation_date: new Date(changedAtMs).toISOString(),
  })

async function* nothing(): AsyncGenerator<Uint8Array> {}

const orThrow = async <A>(task: TaskEither<Refusal, A>): Promise<A> => {
  const done = await task()
  if (E.isLeft(done)) throw new BodyRefused(done.left)
  return done.right
}
