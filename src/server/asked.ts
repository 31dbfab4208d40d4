import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { blobKey } from '../model/ids'
import { EACH_TYPE } from '../model/wire'
import * as answers from './answers'
import { userOf, type Authenticate } from './auth'
import { User, type Place, type ServerBackend, type StoredKey } from './backend'
import type { Asked } from './exchange'

/** What the routes work with. */
export interface Api {
  readonly backend: ServerBackend
  readonly authenticate: Authenticate
  readonly quotaBytes: number
  readonly blobBytesMax: number
  readonly ownsBodies: boolean
}

/** Which blob a request is about; otherwise the answer. */
export const keyIn = (c: Asked, api: Api): Promise<E.Either<Response, StoredKey>> => keyOf(c, api, c.req.param('id') ?? '')

/** Which namespace a request is about; otherwise the answer. */
export const placeIn = (c: Asked, api: Api): Promise<E.Either<Response, Place>> => keyOf(c, api, 'any')

/** A parameter's first value; a blank one counts as none. */
export const valueIn = (c: Asked, name: string): string | null => c.req.query(name) || null

/** Whether an answer is asked for to each blob of a stream. */
export const wantsEach = (c: Asked): boolean => c.req.header('accept')?.includes(EACH_TYPE) === true

/** The user that a path names; otherwise the answer. */
export const userIn = (c: Asked): E.Either<Response, User> => {
  const user = c.req.param('user')
  return User.is(user) ? E.right(user) : E.left(answers.text(400, 'This is no user.'))
}

/** Who asks is settled first, then whether what is asked for can be a name at all: only then does the backend hear of it. */
const keyOf = async (c: Asked, { authenticate }: Api, id: string): Promise<E.Either<Response, StoredKey>> =>
  pipe(
    await userOf(c.req.header('authorization'), authenticate),
    E.mapLeft(answers.denied),
    E.flatMap((who) =>
      E.filterOrElse(
        (user: User) => user === who,
        () => answers.text(403, 'Forbidden'),
      )(userIn(c)),
    ),
    E.flatMap((user) =>
      pipe(
        blobKey(id, c.req.query('namespace')),
        E.bimap(
          ({ message }) => answers.text(400, message),
          (key) => ({ user, ...key }),
        ),
      ),
    ),
  )
