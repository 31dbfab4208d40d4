import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { failure, type Failure } from '../model/failure'
import { encodeBase64url } from './base64url'
import { concatenated, type Bytes } from '../model/bytes'
import type { Decrypted, Sink } from './cipher'
import { TAG_BYTES, type GcmEngine, type Opener } from './gcm'
import { EXTERNAL_SCHEME, GCM_METHOD, readPreamble, REVISION, SEPARATOR, SYMMETRIC_SCHEME, type Preamble } from './preamble'
import type { Source } from './source'

/** No preamble is that long: bytes beyond are not searched for the separator. */
const SEARCHED_BYTES_MAX = 1200

const tampered = (message: string): E.Either<Failure, never> => E.left(failure('Tampered', message))

/**
 * Decrypts one blob from its source into the sink. Scheme 2 goes into the sink as it came, and is told as external.
 *
 * @param claim The tag that the remote claims, of the right form; null if none.
 */
export const decryptBlob = async (
  engine: GcmEngine,
  given: { readonly id: string; readonly keyOf: (id: string) => Promise<Bytes>; readonly claim: string | null },
  source: Source,
  sink: Sink,
): Promise<E.Either<Failure, Decrypted>> => {
  const head = await readHead(source)
  if (E.isLeft(head)) return head
  const preamble = E.chain(refuse(given.id))(readPreamble(head.right.text))
  if (E.isLeft(preamble)) return preamble
  const { scheme, iv, bytes } = preamble.right
  const isExternal = scheme === EXTERNAL_SCHEME
  const opener = isExternal ? asItCame : engine.opener(await given.keyOf(given.id), iv, bytes)

  const delivered = await deliver(opener, head.right.rest, source, sink)
  if (E.isLeft(delivered)) return delivered
  const { held, sizeBytes } = delivered.right
  // The tag is by definition the last 16 bytes that the remote holds, even where they are no tag.
  const last = isExternal ? concatenated(head.right.text, Uint8Array.of(SEPARATOR), held).slice(-TAG_BYTES) : held
  if (last.length < TAG_BYTES) return tampered('The blob ends before its tag.')
  const tag = encodeBase64url(last, true)
  if (given.claim !== null && given.claim !== tag) return tampered('The blob does not end in the tag that the remote claims.')

  const rest = await opener.finish(held)
  if (O.isNone(rest)) return tampered('The tag does not verify.')
  const sunk = await pour(rest.value, sink)
  return E.isLeft(sunk) ? sunk : E.right({ sizeBytes: sizeBytes + rest.value.length, tag, isExternal })
}

const readHead = async (source: Source): Promise<E.Either<Failure, { readonly text: Uint8Array; readonly rest: Uint8Array }>> => {
  let head: Uint8Array = new Uint8Array(0)
  for (;;) {
    const end = head.subarray(0, SEARCHED_BYTES_MAX).indexOf(SEPARATOR)
    if (end >= 0) return E.right({ text: head.subarray(0, end), rest: head.subarray(end + 1) })
    if (head.length >= SEARCHED_BYTES_MAX) return tampered('What the remote holds has no preamble.')
    const piece = await source.next()
    if (E.isLeft(piece)) return piece
    if (O.isNone(piece.right)) return E.left(failure('Unreachable', 'The transfer ended within the preamble.'))
    head = head.length === 0 ? piece.right.value : concatenated(head, piece.right.value)
  }
}

const refuse =
  (id: string) =>
  (preamble: Preamble): E.Either<Failure, Preamble> => {
    const { scheme, method, revision } = preamble
    if (scheme !== SYMMETRIC_SCHEME && scheme !== EXTERNAL_SCHEME)
      return tampered(`The preamble names the unknown scheme ${scheme}.`)
    if (scheme === SYMMETRIC_SCHEME && method !== GCM_METHOD) return tampered(`The preamble names the unknown method ${method}.`)
    if (scheme === SYMMETRIC_SCHEME && revision !== REVISION) return tampered('The preamble names another revision.')
    return preamble.id === id ? E.right(preamble) : tampered('The preamble names another blob.')
  }

const asItCame: Opener = { update: (bytes) => concatenated(bytes), finish: O.some }

/**
 * Pours all but the last 16 bytes, which may be the tag: they are handed back. Each piece waits for the next one, which shows how much of
 * it may belong to the tag; so hardly a byte is copied.
 */
const deliver = async (
  opener: Opener,
  first: Uint8Array,
  source: Source,
  sink: Sink,
): Promise<E.Either<Failure, { readonly held: Bytes; readonly sizeBytes: number }>> => {
  let sizeBytes = 0
  let waiting = first
  for (;;) {
    const piece = await source.next()
    if (E.isLeft(piece)) return piece
    const next = O.toNullable(piece.right)
    const keptBytes = Math.max(0, TAG_BYTES - (next?.length ?? 0))
    const surely = waiting.subarray(0, Math.max(0, waiting.length - keptBytes))
    const held = waiting.subarray(surely.length)
    if (surely.length > 0) {
      const opened = opener.update(surely)
      sizeBytes += opened.length
      const sunk = await pour(opened, sink)
      if (E.isLeft(sunk)) return sunk
    }
    if (next === null) return E.right({ held: concatenated(held), sizeBytes })
    waiting = held.length === 0 ? next : concatenated(held, next)
  }
}

const pour = async (bytes: Bytes, sink: Sink): Promise<E.Either<Failure, void>> =>
  bytes.length === 0 ? E.right(undefined) : sink(bytes)()
