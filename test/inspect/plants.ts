import * as TE from 'fp-ts/TaskEither'
import { createBlobSync, type BlobSync } from '../../src/index'
import { soledadCipher } from '../../src/cipher/soledad'
import { failure } from '../../src/model/failure'
import type { BlobSyncOptions } from '../../src/options'
import { memoryRemote } from '../../src/remote/memory'
import { memoryStore } from '../../src/store/memory'

const secretText = 'Sw0rdfish-secret-of-this-person-which-has-to-be-longer-than-sixty-four-bytes-to-be-taken'
const payloadText = 'Meet-me-at-the-old-mill-at-nine'
const bytes = (text: string) => new TextEncoder().encode(text)
const base64 = (text: string) => btoa(text)
const hex = (text: string) => [...bytes(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
const numbers = (text: string) => [...bytes(text)].join(',')

/** What must never leave, in the forms in which it might. */
export const plants: readonly string[] = [
  ...[secretText, payloadText].flatMap((text) => [
    text,
    base64(text).slice(0, 20),
    hex(text).slice(0, 20),
    numbers(text).slice(0, 20),
    JSON.stringify({ ...bytes(text.slice(0, 8)) }).slice(1, -1),
  ]),
  'tok-en-4711',
  'ann.example',
  'hunter2',
  'My diary.pdf',
  'holiday-in-rome.jpg',
  'A-word-of-the-app',
]

const url = 'https://ann.example:hunter2@blobs.example.org/?token=tok-en-4711'
const talk = `GET ${url} failed while “My diary.pdf” was read; Bearer tok-en-4711; the secret is ${secretText}; body ${payloadText}`

/**
 * A device whose records, failures, errors and events are full of what must not leave: a remote whose refusals tell all they know, one
 * that throws, a token that cannot be renewed, an app that does not take what was delivered.
 */
export const indiscreetSync = async (inspect: NonNullable<BlobSyncOptions['inspect']>): Promise<BlobSync> => {
  const { batches: _batches, ...honest } = memoryRemote()
  const cipher = soledadCipher(bytes(secretText))
  const giver = createBlobSync({ store: memoryStore(), remote: honest, cipher, live: false })
  await giver.put(bytes(payloadText), { id: 'taken' })
  await giver.put(bytes(payloadText), { id: 'there' })
  await giver.put(bytes(payloadText), { id: 'delivered', namespace: 'MX' })
  await giver.sync()
  await giver.close()
  const blobs = createBlobSync({
    live: false,
    store: memoryStore(),
    cipher,
    inspect,
    remote: {
      ...honest,
      put: (key, upload) => {
        if (key.id === 'forbidden') return TE.left(failure('Forbidden', talk))
        if (key.id === 'unreachable') return TE.left(failure('Unreachable', talk))
        if (key.id === 'throws') throw Object.assign(new Error(talk), { name: 'My diary.pdf', secret: bytes(secretText), url })
        return honest.put(key, upload)
      },
      list: (request) =>
        request.namespace === 'default' ? honest.list(request) : TE.left(failure('ServerError' as 'NotFound', talk)),
    },
  })
  await blobs.put(new File([payloadText], 'holiday-in-rome.jpg'), { id: 'file' })
  await blobs.put(bytes(`${payloadText}, or not`), { id: 'taken' })
  for (const id of ['forbidden', 'unreachable', 'throws']) await blobs.put(bytes(payloadText), { id })
  const box = blobs.incoming({
    process: async ({ content }) => {
      throw new Error(`A-word-of-the-app ${await content.text()}`)
    },
    save: async () => {},
  })
  await blobs.sync({ wait: false })
  await box.check()
  // What a program might send to the actor by mistake.
  const loose = {
    type: 'My diary.pdf',
    secret: secretText,
    output: bytes(secretText),
    error: new Error(talk),
    sizeBytes: payloadText,
  }
  blobs.actor.send(loose)
  await blobs.delete('there')
  await blobs.close()
  return blobs
}
