import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { expect, test } from 'vitest'
import { memoryRemote } from '../../src/remote/memory'
import type { Remote } from '../../src/remote/remote'
import { cipher, device, text } from './device'

/** A cipher of a device with little memory. */
const small = { ...cipher, plaintextBytesMax: 1000, encryptedBytesMax: cipher.encryptedSize(1000) }

test('what a device could not decrypt is held, without its bytes being fetched, and holds up nothing', async () => {
  const memory = memoryRemote()
  const reads: string[] = []
  const remote: Remote = {
    ...memory,
    get: (key, options) =>
      pipe(
        memory.get(key, options),
        TE.map(({ body, ...rest }) => {
          const reader = body.getReader()
          const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
            reads.push(key.id)
            const part = await reader.read()
            if (part.done) controller.close()
            else controller.enqueue(part.value)
          }
          return { ...rest, body: new ReadableStream({ pull, cancel: () => reader.cancel() }, { highWaterMark: 0 }) }
        }),
      ),
  }
  const large = device({ remote: memory })
  await large.put(new Uint8Array(1001), { id: 'over' })
  await large.put(new Uint8Array(1000), { id: 'just' })
  await large.put(text('small'), { id: 'small' })
  await large.sync()

  const blobs = device({ remote, cipher: small })
  const { held } = await blobs.sync()
  expect(held).toMatchObject([{ id: 'over' }])
  expect(blobs.blob('over').getSnapshot()).toMatchObject({
    status: 'PENDING_DOWNLOAD',
    held: 'tooLarge',
    isHere: false,
    lastFailure: { _tag: 'TooLarge', message: expect.stringContaining('1754 encrypted bytes') },
  })
  expect(reads).not.toContain('over')
  expect((await blobs.get('just')).size).toBe(1000)
  expect(await (await blobs.get('small')).text()).toBe('small')
})

test('what is put is refused at once, with how much may be', async () => {
  const blobs = device({ cipher: small })
  await expect(blobs.put(new Uint8Array(1001), { id: 'over' })).rejects.toMatchObject({
    failure: { _tag: 'TooLarge', message: expect.stringContaining('1000 bytes') },
  })
  expect(blobs.list()).toEqual([])
})
