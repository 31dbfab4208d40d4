import * as E from 'fp-ts/Either'
import type { Hono } from 'hono'
import * as t from 'io-ts'
import * as answers from './answers'
import { keyIn, type Api } from './asked'
import type { StoredKey } from './backend'
import { wholeBody } from './body'
import type { Asked, Env } from './exchange'
import { Flag, FlagList } from './flags'
import { FLAG_LIST_BYTES_MAX } from './limits'
import { parsed } from './parsed'

/** Setting the flags of a blob: the whole list or nothing. */
export const addFlagRoutes = (app: Hono<Env>, api: Api): void => {
  const set = async (c: Asked) => {
    const key = await keyIn(c, api)
    if (E.isLeft(key)) return key.left
    // A blob that is missing is told before a flag that is wrong.
    const held = await api.backend.flags(key.right)()
    if (E.isLeft(held)) return answers.refused(held.left)

    const words = parsed(t.readonlyArray(t.string), await wholeBody(c.req.raw, FLAG_LIST_BYTES_MAX, c.env))
    if (E.isLeft(words)) return answers.text(400, 'The body is a JSON list of flags.')
    if (!FlagList.is(words.right)) return answers.text(406, `Invalid flag: ${words.right.find((word) => !Flag.is(word))}`)
    const done = await api.backend.setFlags(key.right, words.right)()
    return E.isLeft(done) ? answers.refused(done.left) : answers.empty()
  }
  app.post('/blobs/:user/:id', set)
}

export const getFlags = async ({ backend }: Api, key: StoredKey): Promise<Response> => {
  const flags = await backend.flags(key)()
  return E.isLeft(flags) ? answers.refused(flags.left) : answers.json(flags.right)
}
