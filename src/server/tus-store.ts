import type { Readable } from 'node:stream'
import { DataStore, ERRORS, Upload } from '@tus/server'
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { blobKey } from '../model/ids'
import type { Owner } from './backend'
import { BLOB_BYTES_MIN } from './limits'
import type { PartialUpload, PartsBackend } from './parts'
import { BodyRefused, type Refusal } from './refusal'

/** One user's uploads in parts, as `@tus/server` wants them. */
export class TusStore extends DataStore {
  override extensions = ['creation', 'creation-with-upload', 'expiration', 'termination']
  private readonly parts: PartsBackend
  private readonly owner: Owner

  constructor(parts: PartsBackend, owner: Owner) {
    super()
    this.parts = parts
    this.owner = owner
  }

  override async create(upload: Upload): Promise<Upload> {
    const { size: sizeBytes = 0, metadata = {} } = upload
    const key = blobKey(metadata['id'] ?? '', metadata['namespace'] ?? undefined)
    if (E.isLeft(key)) throw new BodyRefused({ _tag: 'Nameless', message: key.left.message })
    if (sizeBytes < BLOB_BYTES_MIN) throw new BodyRefused({ _tag: 'TooShort' })
    const created = await orThrow(this.parts.create(this.owner, { ...key.right, sizeBytes }))
    // The server goes on with this object and tells its id.
    return Object.assign(upload, asUpload(created))
  }

  override async getUpload(uploadId: string): Promise<Upload> {
    return asUpload(await this.find(uploadId))
  }

  override async write(stream: Readable, uploadId: string): Promise<number> {
    return orThrow(this.parts.append(await this.find(uploadId), piecesOf(stream)))
  }

  override async remove(uploadId: string): Promise<void> {
    await this.parts.discard(await this.find(uploadId))
  }

  /** It is counted from the last byte: see `asUpload`. */
  override getExpiration(): number {
    return this.parts.expiresMs
  }

  private async find(uploadId: string): Promise<PartialUpload> {
    const upload = await this.parts.find(this.owner.user, uploadId)
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

const orThrow = async <A>(task: TaskEither<Refusal, A>): Promise<A> => {
  const done = await task()
  if (E.isLeft(done)) throw new BodyRefused(done.left)
  return done.right
}

async function* piecesOf(stream: Readable): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) if (piece instanceof Uint8Array) yield piece
}
