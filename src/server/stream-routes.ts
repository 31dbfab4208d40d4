import * as E from 'fp-ts/Either'
import type { Hono } from 'hono'
import * as answers from './answers'
import { placeIn, valueIn, type Api } from './asked'
import type { Asked, Env } from './exchange'
import { streamDownload } from './stream-download'
import { streamUpload } from './stream-upload'

/** Many blobs in one request. */
export const addStreamRoutes = (app: Hono<Env>, api: Api): void => {
  const stream = async (c: Asked) => {
    const place = await placeIn(c, api)
    if (E.isLeft(place)) return place.left
    switch (valueIn(c, 'direction')) {
      case 'upload':
        return streamUpload(c, api, place.right)
      case 'download':
        return streamDownload(c, api, place.right)
      default:
        return answers.text(400, 'error, supported direction values are download/upload')
    }
  }
  app.post('/stream/:user', stream)
  app.post('/stream/:user/', stream)
}
