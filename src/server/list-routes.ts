import * as E from 'fp-ts/Either'
import type { Hono } from 'hono'
import * as answers from './answers'
import { placeIn, valueIn, type Api } from './asked'
import type { Order } from './backend'
import { changeAnswers, type ChangeRoutesOptions } from './change-routes'
import type { Asked, Env } from './exchange'

/** Lists, counts, and what has changed. A list of live blobs has sizes and tags for who asks for its media type. */
export const addListRoutes = (app: Hono<Env>, api: Api, options: ChangeRoutesOptions): void => {
  const { backend } = api
  const answerChanges = backend.changes === undefined ? null : changeAnswers(api, backend.changes, options)
  const list = async (c: Asked) => {
    const answer = await answerChanges?.(c)
    if (answer !== null && answer !== undefined) return answer
    const place = await placeIn(c, api)
    if (E.isLeft(place)) return place.left
    const { user, namespace } = place.right
    if (valueIn(c, 'only_count') !== null) {
      // A blank namespace stands for all of them, here and nowhere else.
      const count = await backend.count(user, c.req.query('namespace') === '' ? null : namespace)
      return answers.json({ count })
    }
    const order = orders.get(valueIn(c, 'order_by') ?? '')
    if (order === undefined) return answers.text(400, 'order_by is date, +date or -date.')
    const flag = valueIn(c, 'filter_flag')
    if (valueIn(c, 'deleted') !== null)
      return answers.json(flag === null ? await backend.tombstones(place.right, order) : noneWithFlag)

    // Read before the list: what comes between is told twice, and nothing is left out.
    const cursor = backend.changes?.cursor(place.right)
    const headers = cursor === undefined ? {} : { 'blob-cursor': cursor }
    const blobs = await backend.list(place.right, order, flag)
    return c.req.header('accept')?.includes(answers.LIST_TYPE)
      ? answers.json(
          blobs.map(({ id, sizeBytes, tag }) => ({ id, size: sizeBytes, tag })),
          { ...headers, 'content-type': answers.LIST_TYPE },
        )
      : answers.json(
          blobs.map(({ id }) => id),
          headers,
        )
  }
  app.get('/blobs/:user', list)
  app.get('/blobs/:user/', list)
}

/** Tombstones bear no flags. */
const noneWithFlag: readonly string[] = []

const orders: ReadonlyMap<string, Order> = new Map([
  ['', 'id'],
  ['date', 'oldest'],
  ['+date', 'oldest'],
  ['-date', 'newest'],
])
