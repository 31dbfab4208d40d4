import * as E from 'fp-ts/Either'
import type { Hono } from 'hono'
import * as answers from './answers'
import { keyIn, valueIn, type Api } from './asked'
import type { Choose } from './backend'
import { announcedBytes, bodyOf } from './body'
import { tallied, type Asked, type Env } from './exchange'
import { getFlags } from './flag-routes'
import { BLOB_BYTES_MIN } from './limits'
import { rangeIn } from './ranges'

/** One blob: put, get and delete. */
export const addBlobRoutes = (app: Hono<Env>, api: Api): void => {
  const { backend, quotaBytes, blobBytesMax } = api

  const get = async (c: Asked) => {
    const key = await keyIn(c, api)
    if (E.isLeft(key)) return key.left
    if (valueIn(c, 'only_flags') !== null) return getFlags(api, key.right)
    const range = rangeIn(c.req.header('range'))
    const ifRange = c.req.header('if-range')
    const isWhole = (tag: string) => range === null || (ifRange !== undefined && ifRange !== answers.etagOf(tag))
    const choose: Choose = (sizeBytes, tag) =>
      range === null || isWhole(tag) ? { from: 0, to: sizeBytes } : range.choose(sizeBytes, tag)
    const stored = await backend.read(key.right, choose)()
    if (E.isLeft(stored)) return answers.refused(stored.left)
    const body = tallied(stored.right.body, c.env)
    return range === null || isWhole(stored.right.tag)
      ? answers.blob(stored.right, body)
      : answers.part(stored.right, range.isExclusive, body)
  }

  const put = async (c: Asked) => {
    const key = await keyIn(c, api)
    if (E.isLeft(key)) return key.left
    const sizeBytes = announcedBytes(c.req.header('content-length'))
    if (sizeBytes !== null && sizeBytes > blobBytesMax) return answers.refused({ _tag: 'TooLarge' })
    const body = bodyOf(c.req.raw, { announced: sizeBytes, min: BLOB_BYTES_MIN, max: blobBytesMax }, c.env)
    const { user, ...name } = key.right
    const stored = await backend.put({ user, quotaBytes }, [{ ...name, sizeBytes, body }])()
    return E.isLeft(stored) ? answers.refused(stored.left) : answers.empty()
  }

  const remove = async (c: Asked) => {
    const key = await keyIn(c, api)
    if (E.isLeft(key)) return key.left
    const gone = await backend.delete(key.right)()
    return E.isLeft(gone) ? answers.refused(gone.left) : answers.empty()
  }

  app.get('/blobs/:user/:id', get)
  app.put('/blobs/:user/:id', put)
  app.delete('/blobs/:user/:id', remove)
}
