import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { soledadCipher } from '../cipher/soledad'
import type { Failure } from '../model/failure'
import type { Entry } from '../model/wire'
import { remoteOf } from './home'
import { Problem } from './problem'
import { keyIn, type Settings } from './settings'

/** What the blobs that a server holds say of a secret; `nothingToTry`: it holds none that could say anything. */
export type Proof = 'opens' | 'opensNone' | 'nothingToTry'

/**
 * Tries a secret on a few blobs of the account. Nothing of them is kept.
 *
 * @throws {Problem} if the server does not give them.
 */
export const proveSecret = async (settings: Settings, secret: Uint8Array): Promise<Proof> => {
  const remote = remoteOf(settings)
  const cipher = soledadCipher(secret)
  const { namespace } = keyIn(settings, 'any')
  const { entries } = await given(remote.list({ namespace }))
  let proof: Proof = 'nothingToTry'
  for (const { id } of entries.toSorted(smallestFirst).slice(0, BLOBS_TRIED_MAX)) {
    const key = { namespace, id }
    const { body, tag } = await given(remote.get(key))
    const opened = await cipher.decrypt(key, body, tag, () => TE.right(undefined))()
    if (E.isRight(opened) && !opened.right.isExternal) return 'opens'
    if (E.isLeft(opened) && opened.left._tag !== 'Tampered') throw untold(opened.left)
    if (E.isLeft(opened)) proof = 'opensNone'
  }
  return proof
}

/** One that does not open may be damaged; that many together are not. */
const BLOBS_TRIED_MAX = 3

const smallestFirst = (a: Entry, b: Entry): number => sizeOf(a) - sizeOf(b)
const sizeOf = ({ sizeBytes }: Entry): number => sizeBytes ?? Number.MAX_SAFE_INTEGER

const given = async <A>(asked: TE.TaskEither<Failure, A>): Promise<A> => {
  const answer = await asked()
  if (E.isLeft(answer)) throw untold(answer.left)
  return answer.right
}

const untold = ({ message }: Failure): Problem =>
  new Problem(
    `Whether the passphrase is right can be told from the blobs on the server only, which does not give them: ${message}`,
  )
