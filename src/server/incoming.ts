import * as E from 'fp-ts/Either'
import { EXTERNAL_FORM, IV_BYTES, PREAMBLE_CHARACTERS, preambleText, SEPARATOR, writePreamble } from '../cipher/preamble'
import { concatenated } from '../model/bytes'
import { blobKey, type BlobId } from '../model/ids'
import * as answers from './answers'
import { userIn } from './asked'
import { accountList, userOf } from './auth'
import type { ServerBackend } from './backend'
import { announcedBytes, bodyOf } from './body'
import { emptyApp, handlerOf, type Asked, type Log } from './exchange'
import { INCOMING_BYTES_MAX } from './limits'

/** A program that delivers to users' boxes, such as a mail server. */
export interface Service {
  readonly name: string
  readonly token: string
}

export interface IncomingOptions {
  readonly backend: ServerBackend
  readonly services: readonly Service[]
  /** As `HandlerOptions` has it. @default unlimited */
  readonly quotaBytes?: number
  /** The largest blob that is made of a delivery, in bytes. @default 1 GiB + 753 */
  readonly blobBytesMax?: number
  readonly log?: Log
}

/** Where deliveries wait for the user's device. */
const INCOMING_NAMESPACE = 'MX'

const PREFIX_BYTES = PREAMBLE_CHARACTERS + 1

/** The API for services, as a fetch handler: `PUT /incoming/{user}/{id}` stores what comes as a `PENDING` blob of that user. */
export const incomingHandler = (options: IncomingOptions): ((request: Request) => Promise<Response>) => {
  const { backend, services, quotaBytes = Number.POSITIVE_INFINITY, blobBytesMax = INCOMING_BYTES_MAX } = options
  const authenticate = accountList(services.map(({ name, token }) => ({ user: name, token })))

  const deliver = async (c: Asked) => {
    const service = await userOf(c.req.header('authorization'), authenticate)
    if (E.isLeft(service)) return answers.denied(service.left)
    const user = userIn(c)
    if (E.isLeft(user)) return user.left
    const key = blobKey(c.req.param('id') ?? '', INCOMING_NAMESPACE)
    if (E.isLeft(key)) return answers.text(400, key.left.message)

    const sizeBytes = announcedBytes(c.req.header('content-length'))
    const max = Math.min(blobBytesMax, INCOMING_BYTES_MAX) - PREFIX_BYTES
    if (sizeBytes !== null && sizeBytes > max) return answers.refused({ _tag: 'TooLarge' })
    const body = bodyOf(c.req.raw, { announced: sizeBytes, min: 0, max }, c.env)
    const prefix = { sizeBytes: PREFIX_BYTES, bytes: (bodyBytes: number) => prefixOf(key.right.id, bodyBytes) }
    const upload = { ...key.right, sizeBytes, body, prefix, flags: ['PENDING'] } as const
    const stored = await backend.put({ user: user.right, quotaBytes }, [upload])()
    return E.isLeft(stored) ? answers.refused(stored.left) : answers.empty()
  }

  const app = emptyApp(() => answers.failed())
  app.put('/incoming/:user/:id', deliver)
  return handlerOf(app, options.log)
}

/** Someone else encrypted it: the preamble tells so, and what and when, and is not authenticated. */
const prefixOf = (id: BlobId, bodyBytes: number) => {
  const seconds = Math.floor(Date.now() / 1000)
  const preamble = writePreamble({ form: EXTERNAL_FORM, id, iv: new Uint8Array(IV_BYTES), seconds, sizeField: bodyBytes })
  return concatenated(preambleText(preamble), Uint8Array.of(SEPARATOR))
}
