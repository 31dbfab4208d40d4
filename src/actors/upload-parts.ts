import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Bytes } from '../model/bytes'
import { failure, serverError, type Failure } from '../model/failure'
import type { Payload } from '../model/payload'
import { PART_BYTES_MIN } from '../model/record'
import type { ResumablePower } from '../remote/remote'
import { settleExisting } from './already-there'
import type { Attempt, Yielded } from './tools'
import { newSession, resumeSession, type Session } from './upload-session'
import { wholeOf } from './whole-of'

/** An upload in parts, as far as it does not change. */
interface Sending {
  readonly attempt: Attempt
  readonly power: ResumablePower
  readonly seal: string
  readonly payload: Payload
  /** Encrypted bytes of the blob. */
  readonly totalBytes: number
}

/**
 * Sends a blob part by part, each encrypted while the one before travels, from where an earlier attempt ended. Between parts it leaves its slot
 * to a blob that goes before it.
 *
 * @returns the tag under which the remote holds the content: the blob itself has been asked.
 */
export const sendInParts =
  (attempt: Attempt, power: ResumablePower, seal: string, payload: Payload): TE.TaskEither<Failure | Yielded, string> =>
  async () => {
    const { parts, cipher } = attempt.tools
    const totalBytes = cipher.encryptedSize(payload.sizeBytes, seal)
    const sending = { attempt, power, seal, payload, totalBytes }
    const leave = parts.enter()
    try {
      const begun = await resumeSession(attempt, power, totalBytes)()
      if (E.isLeft(begun)) return begun
      cameTo(sending, begun.right, true)
      const sent = await sendRest(sending, begun.right)
      if (E.isLeft(sent)) return sent
      return await confirm(sending, begun.right)()
    } finally {
      leave()
    }
  }

/** How often in one attempt a remote may answer that it is no further than it was. */
const STANDSTILLS_MAX = 3

const sendRest = async (sending: Sending, begun: Session): Promise<E.Either<Failure | Yielded, void>> => {
  const { attempt, power, totalBytes } = sending
  const { tools, signal } = attempt
  const { parts } = tools
  let here = begun
  let ahead: Part | null = null
  // Freeing memory of this size for each part costs more than sending it.
  let spare: Bytes | null = null
  let standstills = 0
  let isAnew = false
  while (here.at < totalBytes) {
    const part: Part = ahead?.at === here.at ? ahead : makePart(sending, here.at, null)
    const made = await part.bytes
    if (E.isLeft(made)) return made
    const bytes = made.right
    ahead = part.to < totalBytes ? makePart(sending, part.to, spare) : null
    spare = null
    const sentAtMs = tools.now()
    const sent = await power.append(here.session, { at: part.at, bytes, signal })()
    if (E.isRight(sent)) {
      const at = sent.right
      if (at > totalBytes || (at <= here.at && ++standstills > STANDSTILLS_MAX)) {
        return E.left(serverError(`The remote says that it has ${at} of ${totalBytes} bytes, whatever it is sent.`, 200))
      }
      if (signal.aborted) return E.left(failure('Aborted', 'The transfer was called off.'))
      if (at === part.to) {
        parts.onTaken(bytes.length, tools.now() - sentAtMs)
        spare = bytes
      }
      here = { ...here, at }
      cameTo(sending, here, !isAnew)
      if (at < totalBytes && tools.isWaitedFor(attempt.record)) return E.left(null)
    } else if (sent.left._tag === 'NotFound') {
      if (isAnew) return E.left(serverError('The remote forgets an upload that it has just begun.', 404))
      const anew: E.Either<Failure, Session> = await newSession(attempt, power, totalBytes)()
      if (E.isLeft(anew)) return anew
      here = anew.right
      isAnew = true
      cameTo(sending, here, false)
    } else if (sent.left._tag === 'TooLarge' && parts.onRefused(bytes.length)) {
      ahead = null
    } else {
      if (sent.left._tag === 'Unreachable') parts.onFailed()
      return sent
    }
  }
  return E.right(undefined)
}

/** A part that is being made. */
interface Part {
  readonly at: number
  readonly to: number
  readonly bytes: Promise<E.Either<Failure, Bytes>>
}

/** @param into Bytes that nobody reads any more. */
const makePart = ({ attempt: { tools, record }, seal, payload, totalBytes }: Sending, at: number, into: Bytes | null): Part => {
  const end = Math.floor((at + tools.parts.next()) / PART_BYTES_MIN) * PART_BYTES_MIN
  const to = Math.min(end, totalBytes)
  const bytes = pipe(
    tools.cipher.encrypt(record, seal, payload, { from: at, to }),
    TE.chain((made) => wholeOf(made, into)),
  )()
  // Nobody may come for it any more.
  bytes.catch(() => {})
  return { at, to, bytes }
}

/** Notes how far the remote has come. What came further is no attempt in vain, unless it was all there before. */
const cameTo = ({ attempt, totalBytes }: Sending, { session, at }: Session, counts: boolean): void => {
  const { tools, record } = attempt
  const isFurther = counts && at > (record.upload?.sentBytes ?? 0)
  attempt.record = { ...record, upload: { session, sentBytes: at }, attempts: isFurther ? 0 : record.attempts }
  tools.onProgress(record, at, totalBytes)
}

/** A remote may be about to store what it has; after so many attempts it is not. */
const ATTEMPTS_PATIENT = 3

/** All of it has arrived: now the blob itself must say that it is ours. */
const confirm = ({ attempt, power, seal, payload, totalBytes }: Sending, begun: Session): TE.TaskEither<Failure, string> =>
  pipe(
    settleExisting(attempt, seal, payload, failure('Exists', 'The remote holds another blob under this id.')),
    TE.orElse((reason) => async () => {
      const isStuck = begun.at === totalBytes && reason._tag === 'Unreachable' && attempt.record.attempts >= ATTEMPTS_PATIENT
      if (isStuck && E.isRight(await power.end(begun.session, { signal: attempt.signal })())) {
        attempt.record = { ...attempt.record, upload: null }
      }
      return E.left(reason)
    }),
  )
