import { bytes } from '../serving'
import { SEED_C, type Row } from './row'

const blob = bytes(20)

const set = (name: string, body: string | Uint8Array, row: Omit<Row, 'name' | 'request'>): Row => ({
  name,
  request: 'POST /blobs/ann/c',
  body,
  ...row,
})

const read = 'GET /blobs/ann/c?only_flags=True'
const kept = [{ request: read, status: 200, json: ['PROCESSING'] }]
const isBad = { status: 400, after: kept }
const isUnknown = (flag: string) => ({ status: 406, text: `Invalid flag: ${flag}`, after: kept })

/** Section 6: flags. */
export const flags: readonly Row[] = [
  { name: 'a blob has no flags at first', request: read, status: 200, json: [], has: { 'content-type': 'application/json' } },
  set('a flag is set', '["PENDING"]', { status: 200, text: '', after: [{ request: read, status: 200, json: ['PENDING'] }] }),
  set('the four flags, in any order, are kept in it', '["FAILED", "PROCESSED", "PENDING", "PROCESSING"]', {
    status: 200,
    after: [{ request: read, status: 200, json: ['FAILED', 'PROCESSED', 'PENDING', 'PROCESSING'] }],
  }),
  set('a flag set twice is kept twice', '["PENDING","PENDING"]', {
    status: 200,
    after: [{ request: read, status: 200, json: ['PENDING', 'PENDING'] }],
  }),
  set('an empty list clears', '[]', { status: 200, text: '', after: [{ request: read, status: 200, json: [] }] }),
  set('a list with white space is a list', ' [ "PROCESSING" ]\n', { status: 200, after: kept }),
  { name: 'a list in chunks is a list', request: 'POST /blobs/ann/c', chunks: ['["PRO', 'CESSING"]'], status: 200, after: kept },
  { name: 'PROCESSING may be set twice', request: 'POST /blobs/ann/c', body: '["PROCESSING"]', status: 200, after: kept },
  { name: 'flags do not change a blob', request: 'GET /blobs/ann/c', status: 200, bytes: SEED_C },
  set('an unknown flag is refused', '["READ"]', isUnknown('READ')),
  set('a flag in lower case is unknown', '["pending"]', isUnknown('pending')),
  set('a flag with a space is unknown', '[" PENDING"]', isUnknown(' PENDING')),
  set('a blank flag is unknown', '[""]', isUnknown('')),
  set('the first unknown flag is named, and nothing stored', '["PENDING", "ONE", "TWO"]', isUnknown('ONE')),
  set('an unknown flag may be beyond ASCII', '["\u00e4"]', { status: 406, text: 'Invalid flag: ä', after: kept }),
  set('a flag named as what every object has is unknown', '["constructor"]', isUnknown('constructor')),
  set('a string is no list', '"PENDING"', isBad),
  set('an object is no list', '{"PENDING": true}', isBad),
  set('null is no list', 'null', isBad),
  set('a number is no list', '1', isBad),
  set('true is no list', 'true', isBad),
  set('a list with a number is no list of strings', '["PENDING", 1]', isBad),
  set('a list with null is no list of strings', '[null]', isBad),
  set('a list in a list is no list of strings', '[["PENDING"]]', isBad),
  set('an unknown flag in what is no list of strings', '["READ", 1]', isBad),
  set('what is no JSON', '["PENDING"', isBad),
  set('JSON and more', '[]x', isBad),
  set('nothing', '', isBad),
  set('what is no UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), isBad),
  set('a list that is endless', `["${'x'.repeat(70_000)}"]`, { status: 413, after: kept }),
  {
    name: 'a list that is endless, in chunks',
    request: 'POST /blobs/ann/c',
    chunks: [`["${'x'.repeat(70_000)}"]`],
    status: 413,
    after: kept,
  },
  {
    name: 'a missing blob is told before the flags',
    request: 'POST /blobs/ann/none',
    body: '["READ"]',
    status: 404,
    text: "Blob doesn't exist: none",
  },
  {
    name: 'and before what is no JSON',
    request: 'POST /blobs/ann/none',
    body: '{',
    status: 404,
    text: "Blob doesn't exist: none",
  },
  {
    name: 'a missing blob has no flags',
    request: 'GET /blobs/ann/none?only_flags=1',
    status: 404,
    text: "Blob doesn't exist: none",
  },
  { name: 'only_flags=False is true', request: 'GET /blobs/ann/c?only_flags=False', status: 200, json: ['PROCESSING'] },
  { name: 'only_flags= is false', request: 'GET /blobs/ann/c?only_flags=', status: 200, bytes: SEED_C },
  {
    name: 'flags are of one namespace',
    before: [{ request: 'PUT /blobs/ann/c?namespace=f', body: blob }],
    request: 'GET /blobs/ann/c?namespace=f&only_flags=1',
    status: 200,
    json: [],
  },
  {
    name: 'flags go with their blob',
    before: [
      { request: 'POST /blobs/ann/c?namespace=f', body: '["FAILED"]' },
      { request: 'DELETE /blobs/ann/c?namespace=f' },
      { request: 'PUT /blobs/ann/c?namespace=f', body: blob },
    ],
    request: 'GET /blobs/ann/c?namespace=f&only_flags=1',
    status: 200,
    json: [],
  },
]
