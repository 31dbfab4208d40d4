import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { preambleText, SEPARATOR, writePreamble } from '../../src/cipher/preamble'
import { concatenated, textBytes } from '../../src/model/bytes'
import { BLOB_BYTES_MIN } from '../../src/server/limits'
import { exchange } from './exchange'
import { bytes, serving } from './serving'

const EACH = 'application/vnd.blobsync.each'
const NOT_THERE = `${'-'.repeat(32)} `

interface Sent {
  readonly id: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

const framed = (blobs: readonly Sent[]) =>
  concatenated(
    textBytes(`${JSON.stringify(blobs.map((blob) => [blob.id, blob.bytes.length]))}\n`),
    ...blobs.map((blob) => blob.bytes),
  )

/** What begins as one of Soledad’s and bears another id. */
const misnamed = (sizeBytes: number) => {
  const preamble = writePreamble({ id: 'somebody-else', iv: new Uint8Array(16), seconds: 1, sizeField: 4096 })
  return concatenated(preambleText(preamble), Uint8Array.of(SEPARATOR), bytes(sizeBytes))
}

const opened = async (options: Parameters<typeof serving>[0] = {}) => {
  const made = await serving(options)
  const up = (body: Uint8Array<ArrayBuffer>) =>
    made.call('/stream/ann/?direction=upload', { method: 'POST', body, headers: { accept: EACH } })
  const down = (ids: readonly string[]) =>
    made.call('/stream/ann/?direction=download', { method: 'POST', body: JSON.stringify(ids), headers: { accept: EACH } })
  const put = async (blobs: readonly Sent[]): Promise<readonly (number | null)[]> => {
    const answer = await up(framed(blobs))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, EACH])
    const each = (await answer.json()) as readonly ({ readonly status: number } | null)[]
    return each.map((one) => one?.status ?? null)
  }
  const listed = async () => ((await (await made.call('/blobs/ann/')).json()) as string[]).toSorted()
  const read = async (id: string) => new Uint8Array(await (await made.call(`/blobs/ann/${id}`)).arrayBuffer())
  return { ...made, up, down, put, listed, read }
}

/** Of payloads, whole or on their way. */
const filesIn = async (root: string) => {
  const folders = ['arriving', 'payloads'].map((name) => readdir(join(root, name), { recursive: true, withFileTypes: true }))
  return (await Promise.all(folders)).flat().filter((entry) => entry.isFile())
}

/** Goes into a file of its own. */
const LARGE = 200_000

describe('a stream of which each blob is answered', () => {
  test('stores the others where one is there, too short, named twice or bears another id, and says which', async () => {
    const { put, listed, read, call, root } = await opened()
    await call('/blobs/ann/taken', { method: 'PUT', body: bytes(500, 9) })
    const blobs = [
      { id: 'a', bytes: bytes(800, 1) },
      { id: 'taken', bytes: bytes(700, 2) },
      { id: 'b', bytes: bytes(LARGE, 3) },
      { id: 'short', bytes: bytes(BLOB_BYTES_MIN - 1) },
      { id: 'misnamed', bytes: misnamed(100_000) },
      { id: 'misnamed-file', bytes: misnamed(LARGE) },
      { id: 'a', bytes: bytes(900, 4) },
      { id: 'c', bytes: bytes(1000, 5) },
    ]
    expect(await put(blobs)).toEqual([null, 409, null, 400, 400, 400, 409, null])
    expect(await listed()).toEqual(['a', 'b', 'c', 'taken'])
    expect(await read('a')).toEqual(bytes(800, 1))
    expect(await read('b')).toEqual(bytes(LARGE, 3))
    expect(await read('c')).toEqual(bytes(1000, 5))
    expect(await read('taken')).toEqual(bytes(500, 9))
    // What was refused leaves no file behind.
    expect(await filesIn(root)).toHaveLength(1)
  })

  test('stores what fits where not all does, and counts what it refused for nothing', async () => {
    const { put, listed } = await opened({ quotaBytes: 3_000 })
    const blobs = [1_000, 2_500, 1_900, 100].map((sizeBytes, at) => ({ id: `b${at}`, bytes: bytes(sizeBytes, at) }))
    expect(await put(blobs)).toEqual([null, 507, null, null])
    expect(await listed()).toEqual(['b0', 'b2', 'b3'])
    expect(await put([{ id: 'one-more', bytes: bytes(1) }])).toEqual([400])
    expect(await put([{ id: 'too-much', bytes: bytes(20) }])).toEqual([507])
  })

  test('that is cut stores none, and counts none', async () => {
    const { server, listed, put, root } = await opened({ quotaBytes: LARGE + 1_000 })
    const body = framed([
      { id: 'a', bytes: bytes(LARGE) },
      { id: 'b', bytes: bytes(500) },
    ])
    const request = 'POST /stream/ann/?direction=upload'
    const { answer } = await exchange({ request, body: body.subarray(0, -1), headers: [`Accept: ${EACH}`] }, server.port)
    expect(answer.status).toBe(400)
    expect(await listed()).toEqual([])
    expect(await filesIn(root)).toEqual([])
    expect(await put([{ id: 'a', bytes: bytes(LARGE + 900) }])).toEqual([null])
  })

  test('of two at once, exactly one gets what both name', async () => {
    const { put, listed, read, root } = await opened()
    const rivals = [1, 2].map((seed) =>
      ['x', `own-${seed}`, 'y'].map((id) => ({ id, bytes: bytes(id === 'y' ? LARGE : 400, seed) })),
    )
    const [first = [], second = []] = await Promise.all(rivals.map(put))
    expect([first[1], second[1]]).toEqual([null, null])
    for (const [at, id] of [
      [0, 'x'],
      [2, 'y'],
    ] as const) {
      expect(new Set([first[at], second[at]])).toEqual(new Set([409, null]))
      const winner = first[at] === null ? 1 : 2
      expect(await read(id)).toEqual(bytes(id === 'y' ? LARGE : 400, winner))
    }
    expect(await listed()).toEqual(['own-1', 'own-2', 'x', 'y'])
    expect(await filesIn(root)).toHaveLength(1)
  })

  test('that asks for nothing of the kind is stored whole or not at all, as ever', async () => {
    const { call, listed } = await opened()
    await call('/blobs/ann/taken', { method: 'PUT', body: bytes(500) })
    const body = framed([
      { id: 'a', bytes: bytes(100) },
      { id: 'taken', bytes: bytes(100) },
    ])
    expect((await call('/stream/ann/?direction=upload', { method: 'POST', body })).status).toBe(409)
    expect(await listed()).toEqual(['taken'])
  })

  property.prop([fc.array(fc.record({ size: fc.constantFrom(5, 16, 700, 737, 9_000, 140_000), isTaken: fc.boolean() }))], {
    numRuns: 15,
  })('has the right bytes of each that it took, whatever is refused between them', async (shapes) => {
    const { put, read, call } = await opened()
    const blobs = shapes.map(({ size }, at) => ({ id: `b${at}`, bytes: bytes(size, at + 1) }))
    for (const [at, { isTaken }] of shapes.entries())
      if (isTaken) await call(`/blobs/ann/b${at}`, { method: 'PUT', body: bytes(30, 99) })
    const answers = await put(blobs)
    for (const [at, { size, isTaken }] of shapes.entries()) {
      expect(answers[at]).toBe(size < BLOB_BYTES_MIN ? 400 : isTaken ? 409 : null)
      if (answers[at] === null) expect(await read(`b${at}`)).toEqual(blobs[at]?.bytes)
    }
  })
})

describe('a stream of blobs some of which are not there', () => {
  test('brings the others, and says in its place what is missing', async () => {
    const { put, down } = await opened()
    const blobs = [
      { id: 'a', bytes: bytes(800, 1) },
      { id: 'b', bytes: bytes(LARGE, 2) },
    ]
    await put(blobs)
    const answer = await down(['gone', 'a', 'gone', 'b', 'a'])
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, EACH])
    const wire = new Uint8Array(await answer.arrayBuffer())
    const frameOf = ({ bytes: content }: Sent) => {
      const tag = `${Buffer.from(content.subarray(-16)).toString('base64url')}==`
      return concatenated(textBytes(`${content.length.toString(16).padStart(8, '0')}${tag} `), content)
    }
    const [a, b] = blobs.map(frameOf)
    const none = textBytes(NOT_THERE)
    expect(Buffer.compare(wire, concatenated(none, a!, none, b!, a!))).toBe(0)
  })

  test('goes out in few pieces', async () => {
    const { put, server } = await opened()
    const blobs = Array.from({ length: 50 }, (_, at) => ({ id: `b${at}`, bytes: bytes(1_000, at) }))
    await put(blobs)
    const request = 'POST /stream/ann/?direction=download'
    const ids = JSON.stringify(blobs.map(({ id }) => id))
    const { answer } = await exchange({ request, body: ids, headers: [`Accept: ${EACH}`] }, server.port)
    expect(answer.chunks).toHaveLength(1)
  })
})
