import { Server } from '@tus/server'
import * as E from 'fp-ts/Either'
import type { Hono } from 'hono'
import * as answers from './answers'
import { placeIn, type Api } from './asked'
import type { User } from './backend'
import type { Asked, Env } from './exchange'
import { partBody, type PartBody } from './part-body'
import type { PartsBackend } from './parts'
import { BodyRefused } from './refusal'
import { TusStore } from './tus-store'
import { uploadLocks } from './upload-locks'

/** Blobs that come in parts, by tus 1.0 (https://tus.io/protocols/resumable-upload). */
export const addUploadRoutes = (app: Hono<Env>, api: Api, parts: PartsBackend): void => {
  const { quotaBytes, blobBytesMax, ownsBodies } = api
  const locks = uploadLocks()

  const serverFor = (user: User, c: Asked, body: PartBody) =>
    new Server({
      path: '/uploads',
      datastore: new TusStore(parts, { user, quotaBytes }, body.pieces),
      locker: locks(body.end),
      maxSize: blobBytesMax,
      // Relative, so that it is right behind a proxy that adds a path.
      generateUrl: (request, { id }) => (new URL(request.url).pathname.endsWith('/') ? id : `${user}/${id}`),
      getFileIdFromRequest: () => c.req.param('upload'),
      onResponseError: async (_request, error) => {
        if (!(error instanceof Error)) return error
        if (!(error instanceof BodyRefused) && 'status_code' in error) return undefined
        if (!(error instanceof BodyRefused)) c.env.error = error
        const answer = error instanceof BodyRefused ? answers.refused(error.refusal) : answers.empty(500)
        return { status_code: answer.status, body: await answer.text() }
      },
    })

  const handle = async (c: Asked) => {
    const place = await placeIn(c, api)
    if (E.isLeft(place)) return place.left
    const body = partBody(c, ownsBodies)
    try {
      const { method, url, headers } = c.req.raw
      const answer = await serverFor(place.right.user, c, body).handleWeb(new Request(url, { method, headers }))
      return answers.tus(answer, parts.expiresMs)
    } finally {
      body.discard()
    }
  }

  for (const path of ['/uploads/:user', '/uploads/:user/']) app.on(['POST', 'OPTIONS'], path, handle)
  // Hono calls what is there for GET when it is asked for HEAD.
  app.on(['GET', 'PATCH', 'DELETE', 'OPTIONS'], '/uploads/:user/:upload', handle)
}
