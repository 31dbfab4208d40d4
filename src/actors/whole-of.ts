import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import type { Encrypted } from '../cipher/cipher'
import { release, type Bytes } from '../model/bytes'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'

/** Encrypted bytes that are to be in memory as a whole, each copied once. @param into Where to, if there is room enough. */
export const wholeOf =
  ({ body, sizeBytes }: Pick<Encrypted, 'body' | 'sizeBytes'>, into: Bytes | null = null): TE.TaskEither<Failure, Bytes> =>
  async () => {
    if (body instanceof Uint8Array) return E.right(body)
    const whole = into !== null && into.length >= sizeBytes ? into.subarray(0, sizeBytes) : new Uint8Array(sizeBytes)
    let at = 0
    try {
      const reader = body.getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        whole.set(part.value, at)
        at += part.value.length
        release(part.value)
      }
      return at === sizeBytes ? E.right(whole) : E.left(unreadable)
    } catch (thrown) {
      return E.left(
        pipe(
          failureCarriedBy(thrown),
          O.getOrElse(() => unreadable),
        ),
      )
    }
  }

const unreadable: Failure = failure('StorageBroken', 'The payload could not be read to its end.')
