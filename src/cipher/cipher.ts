import type { Task } from 'fp-ts/Task'
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

  /** The longest encrypted blob, in bytes, that `decrypt` takes. */
  readonly encryptedBytesMax: number

  /** Encrypted bytes of a plaintext of that many bytes. @param seal What it goes with. @default one that `seal` makes now */
  readonly encryptedSize: (plaintextBytes: number, seal?: string) => number

  /**
   * Chooses what must never serve for two contents (nonce, salt, time), and with which key it goes, once per put. It is stored with
   * the record before the first byte leaves, so that every attempt sends the same ciphertext; it is no secret. It begins with the
   * cipher's name.
   */
  readonly seal: Task<string>

  /** Whether encrypted bytes that begin with this one may be of this cipher. */
  readonly recognises: (firstByte: number) => boolean

  /**
   * Whether a blob of this seal can be encrypted in parts, each at the cost of that part alone, and its decryption be taken up again.
   * Absent: never. Then `encrypt` is not given a range, nor `decrypt` a `resume` that begins anywhere.
   */
  readonly canResume?: (seal: string) => boolean

  /**
   * Encrypts the payload, bound to its key. The same key, seal and payload give the same bytes.
   *
   * Fails as `TooLarge` before any work; as `Corrupt` if the seal is not one of this cipher's.
   *
   * @param range Of the encrypted bytes, only these. @default all
   */
  readonly encrypt: (key: BlobKey, seal: string, payload: Payload, range?: ByteRange) => TaskEither<Failure, Encrypted>

  /**
   * Decrypts and verifies.
   *
   * `sink` takes plaintext in order, before it is verified: it must lead to a place that nobody reads until this resolves
   * with a right. Left: `Tampered` if anything does not verify, `Unreachable` if the body ended before it could be told (a cut
   * transfer), or what the body or the sink failed with.
   *
   * @param tag What the remote claims the tag to be, unchecked; null if it claims nothing. A claim of another form, an empty one
   * included, or other than the body's own is `Tampered`.
   * @param resume Where to begin, and who hears how far it came.
   */
  readonly decrypt: (
    key: BlobKey,
    body: ReadableStream<Uint8Array>,
    tag: string | null,
    sink: Sink,
    resume?: Resume,
  ) => TaskEither<Failure, Decrypted>

  /**
   * The id that stands for this content: base64url without padding of HMAC-SHA-256(k, namespace ‖ 0x00 ‖ content), where
   * k = HKDF-SHA-256(secret, empty salt, info `blobsync id 1`, 32 bytes). Never derived with a key that encrypts.
   */
  readonly contentId: (namespace: string, payload: Payload) => TaskEither<Failure, string>
}

/** Takes bytes, which are its own from then on, and holds the producer back until it resolves. */
export type Sink = (bytes: Uint8Array) => TaskEither<Failure, void>

/** From one byte up to another, which is left out. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** A decryption that can go on where an earlier one was cut. */
export interface Resume {
  /**
   * The body begins at this place of the blob; null: at its beginning. If the remote holds another blob by now, the next bytes do not
   * verify: `Tampered`, and only a decryption from the beginning tells whether the blob is. `Corrupt` if it is none of this cipher's.
   */
  readonly from: Checkpoint | null
  /** Called when all before a place was verified and taken by the sink, and more of the blob comes after it. */
  readonly onCheckpoint: (checkpoint: Checkpoint) => void
}

/** A place in a blob where its decryption can go on. Plain data, for a record. */
export interface Checkpoint {
  /** The seal that the blob was encrypted with. */
  readonly seal: string
  /** How many encrypted bytes come before it, and how many of plaintext. */
  readonly encryptedBytes: number
  readonly plaintextBytes: number
}

export interface Encrypted {
  /** Bytes of the body. */
  readonly sizeBytes: number
  /** Read once. Whole where the cipher had to hold it anyway, else a stream that makes it as it is read; its pieces are the reader’s. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** The tag, padded base64url; with a stream, known once the stream was read to its end, else `Aborted`. A range that ends before the blob never knows it. */
  readonly tag: TaskEither<Failure, string>
}

export interface Decrypted {
  /** Plaintext bytes of the blob; of one that was taken up again, all of them. */
  readonly sizeBytes: number
  readonly tag: string
  /** True if someone else encrypted it (Soledad's scheme 2): the bytes are as delivered and verified by nobody. */
  readonly isExternal: boolean
}
