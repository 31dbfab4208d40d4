import { expect, test } from 'vitest'
import { webGcm } from '../../src/cipher/gcm'
import { readWhole } from '../../src/remote/read-whole'

const PARTS = 200_000

test('a body that comes byte by byte is read whole', async () => {
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => (sent++ < PARTS ? controller.enqueue(new Uint8Array(1)) : controller.close()),
  })
  expect(await readWhole(body, 'Unreachable')).toMatchObject({ right: { length: PARTS } })
})

test('what WebCrypto is given byte by byte is encrypted whole', async () => {
  const sealer = webGcm(crypto.subtle).sealer(new Uint8Array(32), new Uint8Array(16), new Uint8Array(1))
  for (let part = 0; part < PARTS; part += 1) sealer.update(new Uint8Array(1))
  expect((await sealer.finish()).rest.length).toBe(PARTS)
})
