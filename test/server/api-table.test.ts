import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve, type Serving } from '../../src/server/serve'
import { access } from './api/access'
import { blobs } from './api/blobs'
import { downloads } from './api/downloads'
import { flags } from './api/flags'
import { delivered, incoming } from './api/incoming'
import { lists } from './api/lists'
import { names } from './api/names'
import { ranges } from './api/ranges'
import { BLOB_BYTES_MAX, QUOTA_BYTES, seeds, type Row } from './api/row'
import { uploads } from './api/uploads'
import { exchange } from './exchange'
import type { RawAnswer } from './raw-client'

/** By the section of the specification. The rows of a table run in order, on one server. */
const tables: Readonly<Record<string, readonly Row[]>> = {
  '1 names': names,
  '6 lists and counts': lists,
  '6 blobs': blobs,
  '6 ranges': ranges,
  '6 flags': flags,
  '7 streams down': downloads,
  '7 streams up': uploads,
  '9 access': access,
}

describe.each(Object.entries(tables))('section %s', (_section, rows) => {
  const server = tableServer()
  test.each(rows)('$name', (row) => run(row, server().port))
})

describe('section 8 incoming', () => {
  const server = tableServer()
  test.each(incoming)('$name', (row) => run(row, server().incoming?.port ?? 0))
  test.each(delivered)('$name', (row) => run(row, server().port))
})

test('the tables have not lost their rows', () => {
  const rows = [...Object.values(tables), incoming, delivered].flat()
  expect(rows.length).toBeGreaterThanOrEqual(150)
})

function tableServer(): () => Serving {
  let server: Serving | undefined
  let root = ''
  const get = () => {
    if (server === undefined) throw new Error('The server of a table has not started.')
    return server
  }
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'blobsync-table-'))
    server = await serve({
      root,
      port: 0,
      accounts: [
        { user: 'ann', token: 'secret' },
        { user: 'bob', token: 'other:secret' },
      ],
      services: [{ name: 'mail', token: 's3rvice' }],
      incomingPort: 0,
      quotaBytes: QUOTA_BYTES,
      blobBytesMax: BLOB_BYTES_MAX,
    })
    for (const [path, body] of seeds) {
      const { answer } = await exchange({ request: `PUT /blobs/ann/${path}`, body }, server.port)
      expect(answer.status).toBe(200)
    }
  })
  afterAll(async () => {
    await get().close()
    await rm(root, { recursive: true, force: true })
  })
  return get
}

const run = async (row: Row, port: number) => {
  for (const sent of row.before ?? []) expect((await exchange(sent, port)).answer.status, sent.request).toBe(200)
  const { answer, isUsable } = await exchange(row, port)
  check(answer, row)
  expect(isUsable, 'the connection serves the next request, or was closed').toBe(true)
  for (const { request, ...after } of row.after ?? []) check((await exchange({ request, ...after }, port)).answer, after)
}

const check = (answer: RawAnswer, row: Pick<Row, 'status' | 'has' | 'text' | 'json' | 'bytes' | 'cut'>) => {
  expect([answer.status, answer.body.subarray(0, 200).toString()]).toEqual([row.status, expect.anything()])
  expect(answer.status).toBe(row.status)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  // Only the bytes of one blob have a length; everything else is chunked.
  expect(answer.headers.has('transfer-encoding')).toBe(!answer.headers.has('tag'))
  expect(answer.headers.has('content-length')).toBe(answer.headers.has('tag'))
  for (const [name, value] of Object.entries(row.has ?? {})) {
    const header = answer.headers.get(name) ?? null
    if (value instanceof RegExp) expect(header, name).toMatch(value)
    else expect(header, name).toBe(value)
  }
  if (row.text !== undefined) expect(answer.body.toString()).toBe(row.text)
  if (row.json !== undefined) expect(JSON.parse(answer.body.toString())).toEqual(row.json)
  if (row.bytes !== undefined) expect(Buffer.compare(answer.body, row.bytes), 'the bytes').toBe(0)
  if (row.cut !== undefined) expect(answer.chunks?.map(({ length }) => length)).toEqual(row.cut)
}
