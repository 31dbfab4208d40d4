import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { sealText } from '../../src/cipher/seal'
import { soledadCipher } from '../../src/cipher/soledad'
import { bytesPayload } from '../../src/model/payload'
import { wholeOf } from '../../src/testing/cipher-bytes'
import { expectRight } from '../../src/testing/expect'
import { fromHex, generated, keyFor, sha256 } from '../cipher/vectors'
import { exchange } from './exchange'
import { serving } from './serving'

const Blobs = t.type({
  name: t.string,
  secretHex: t.string,
  ids: t.array(t.string),
  plaintextSha256: t.array(t.string),
  plaintextLengths: t.array(t.number),
  ivHex: t.array(t.string),
  preambleTime: t.number,
  wireLength: t.number,
  wireSha256: t.string,
})
const Vectors = t.type({
  stream: t.type({
    download: t.array(t.intersection([Blobs, t.type({ chunkSizes: t.array(t.number) })])),
    upload: t.array(t.intersection([Blobs, t.type({ manifestLine: t.string, sizes: t.array(t.number) })])),
  }),
})

const read = () => {
  const decoded = Vectors.decode(JSON.parse(readFileSync(new URL('../vectors/blobs.json', import.meta.url), 'utf8')))
  if (E.isLeft(decoded)) throw new Error('blobs.json has no streams of the form that these tests know.')
  return decoded.right.stream
}
const { download, upload } = read()

/** The encrypted blobs of a vector, made as its author made them. */
const blobsOf = ({ name, secretHex, ids, ivHex, preambleTime, plaintextLengths, plaintextSha256 }: t.TypeOf<typeof Blobs>) =>
  Promise.all(
    ids.map(async (id, index) => {
      const [, half = '', direction = '', set = ''] = /^([a-z]+)-(download|upload)-([a-z]+)/.exec(name) ?? []
      const plaintext = await generated(`st:${half}:${set}:${id}`, plaintextLengths[index] ?? 0)
      expect(await sha256(plaintext), `${direction} ${id}`).toBe(plaintextSha256[index])
      const seal = sealText({ seconds: preambleTime, iv: fromHex(ivHex[index] ?? '') })
      const encrypted = await soledadCipher(fromHex(secretHex)).encrypt(keyFor(id), seal, bytesPayload(plaintext))()
      return { id, blob: await wholeOf(expectRight(encrypted, 'encrypt').body) }
    }),
  )

const asSent = download.filter(({ name }) => name.endsWith('-as-sent'))

test('there are vectors of both directions', () => {
  expect(asSent.map(({ name }) => name)).toHaveLength(5)
  expect(upload.map(({ name }) => name)).toHaveLength(5)
})

describe('a stream goes down in the bytes and chunks of Soledad’s own', () => {
  test.each(asSent)('$name', async (vector) => {
    const { server, call } = await serving()
    for (const { id, blob } of await blobsOf(vector)) await call(`/blobs/ann/${id}`, { method: 'PUT', body: blob })
    const { answer } = await exchange(
      { request: 'POST /stream/ann/?direction=download', body: JSON.stringify(vector.ids) },
      server.port,
    )
    expect(answer.status).toBe(200)
    expect(answer.chunks?.map(({ length }) => length)).toEqual(vector.chunkSizes)
    expect([answer.body.length, await sha256(answer.body)]).toEqual([vector.wireLength, vector.wireSha256])
  })
})

describe('a stream comes up in the bytes of Soledad’s own', () => {
  test.each(upload)('$name', async (vector) => {
    const { server, call } = await serving()
    const blobs = await blobsOf(vector)
    const body = Buffer.concat([Buffer.from(vector.manifestLine), ...blobs.map(({ blob }) => blob)])
    expect([body.length, await sha256(body)]).toEqual([vector.wireLength, vector.wireSha256])
    const request = 'POST /stream/ann/?direction=upload'

    // Cut in the middle of the last blob, and with two ids the wrong way round, it is refused whole.
    expect((await exchange({ request, body: body.subarray(0, -1) }, server.port)).answer.status).toBe(400)
    if (vector.ids.length > 1) {
      const turned = vector.manifestLine.replace(/\[\["(.*?)", (\d+)\], \["(.*?)"/, '[["$3", $2], ["$1"')
      const swapped = Buffer.concat([Buffer.from(turned), ...blobs.map(({ blob }) => blob)])
      expect((await exchange({ request, body: swapped }, server.port)).answer.status).toBe(400)
    }
    expect(await (await call('/blobs/ann/')).json()).toEqual([])

    expect((await exchange({ request, body }, server.port)).answer.status).toBe(200)
    for (const { id, blob } of blobs) {
      const stored = Buffer.from(await (await call(`/blobs/ann/${id}`)).arrayBuffer())
      expect(Buffer.compare(stored, blob), id).toBe(0)
    }
  })
})
