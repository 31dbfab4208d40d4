import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { BlobKey } from '../model/ids'
import type { Payload } from '../model/payload'

/** What turns blobs into bytes that a server cannot read, and back. Every adapter passes `cipherConformance`. */
export interface Cipher {
  /** A stable, short name, as in `--cipher`. */
  readonly name: string

  /** The largest plaintext, in bytes, that `encrypt` takes. */
  readonly plaintextBytesMax: number

  /** Encrypted bytes of a plaintext of that many bytes. */
  readonly encryptedSize: (plaintextBytes: number) => number

  /**
   * Chooses what must never serve for two contents (iv, time), once per put. It is stored with the record before the first
   * byte leaves, so that every attempt sends the same ciphertext; it is no secret.
   */
  readonly seal: () => string

  /**
   * Encrypts the whole payload, bound to its key. The same key, seal and payload give the same bytes.
   *
   * Fails as `TooLarge` before any work; as `Corrupt` if the seal is not one of this cipher's.
   */
  readonly encrypt: (key: BlobKey, seal: string, payload: Payload) => TaskEither<Failure, Encrypted>

  /**
   * Decrypts and verifies.
   *
   * `sink` takes plaintext in order, before it is verified: it must lead to a place that nobody reads until this resolves
   * with a right. Left: `Tampered` if anything does not verify, `Unreachable` if the body ended before it could be told (a cut
   * transfer), or what the body or the sink failed with.
   *
   * @param tag What the remote claims the tag to be, unchecked; null if it claims nothing. A claim of another form, an empty one
   * included, or other than the body's own is `Tampered`.
   */
  readonly decrypt: (
    key: BlobKey,
    body: ReadableStream<Uint8Array>,
    tag: string | null,
    sink: Sink,
  ) => TaskEither<Failure, Decrypted>

  /**
   * The id that stands for this content: base64url without padding of HMAC-SHA-256(k, namespace ‖ 0x00 ‖ content), where
   * k = HKDF-SHA-256(secret, empty salt, info `blobsync id 1`, 32 bytes). Never derived with a key that encrypts.
   */
  readonly contentId: (namespace: string, payload: Payload) => TaskEither<Failure, string>
}

/** Takes bytes, which are its own from then on, and holds the producer back until it resolves. */
export type Sink = (bytes: Uint8Array) => TaskEither<Failure, void>

export interface Encrypted {
  readonly sizeBytes: number
  /** Read once. Whole where the cipher had to hold it anyway, else a stream that makes it as it is read. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** The tag, padded base64url; with a stream, known once the stream was read to its end, else `Aborted`. */
  readonly tag: TaskEither<Failure, string>
}

export interface Decrypted {
  /** Plaintext bytes that went into the sink. */
  readonly sizeBytes: number
  readonly tag: string
  /** True if someone else encrypted it (Soledad's scheme 2): the bytes are as delivered and verified by nobody. */
  readonly isExternal: boolean
}
