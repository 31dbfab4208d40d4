import { Server } from '@tus/server'
import * as E from 'fp-ts/Either'
import type { Hono } from 'hono'
import * as answers from './answers'
import { placeIn, type Api } from './asked'
import type { User } from './backend'
import { discard } from './body'
import type { Asked, Env } from './exchange'
import type { PartsBackend } from './parts'
import { BodyRefused } from './refusal'
import { TusStore } from './tus-store'
import { uploadLocks } from './upload-locks'

/** Blobs that come in parts, by tus 1.0 (https://tus.io/protocols/resumable-upload). */
export const addUploadRoutes = (app: Hono<Env>, api: Api, parts: PartsBackend): void => {
  const { quotaBytes, blobBytesMax } = api
  const locker = uploadLocks()

  const serverFor = (user: User, c: Asked) =>
    new Server({
      path: '/uploads',
      datastore: new TusStore(parts, { user, quotaBytes }),
      locker,
      maxSize: blobBytesMax,
      // What a request has received when the next one asks for its place is all it gets.
      lockDrainTimeout: 1,
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
    const reader = c.req.raw.body?.getReader()
    const { method, url, headers } = c.req.raw
    const body = reader === undefined ? null : arriving(reader, c)
    const init: RequestInit & { readonly duplex: 'half' } = { method, headers, body, duplex: 'half' }
    try {
      const answer = await serverFor(place.right.user, c).handleWeb(new Request(url, init))
      return answers.tus(answer, parts.expiresMs)
    } finally {
      void discard(reader)
    }
  }

  for (const path of ['/uploads/:user', '/uploads/:user/']) app.on(['POST', 'OPTIONS'], path, handle)
  // Hono calls what is there for GET when it is asked for HEAD.
  app.on(['GET', 'PATCH', 'DELETE', 'OPTIONS'], '/uploads/:user/:upload', handle)
}

/** What comes of a body. One that breaks off ends here: what came of it counts, and nobody waits for the answer. */
const arriving = (reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>, c: Asked) =>
  new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const { value } = await reader.read().catch(() => ({ value: undefined }))
        if (value === undefined) {
          controller.close()
          return
        }
        c.env.bytes += value.length
        controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
