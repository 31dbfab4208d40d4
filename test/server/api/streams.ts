import { bytes } from '../serving'
import { BLOB_BYTES_MAX, framesOf, parcel, preambled, SEED_A, SEED_B, SEED_C, SEED_M, type Row } from './row'

const down = (name: string, body: string, row: Omit<Row, 'name' | 'request'>, query = ''): Row => ({
  name,
  request: `POST /stream/ann/?direction=download${query}`,
  body,
  ...row,
})
const up = (name: string, body: string | Uint8Array, row: Omit<Row, 'name' | 'request'>, query = '&namespace=up'): Row => ({
  name,
  request: `POST /stream/ann/?direction=upload${query}`,
  body,
  ...row,
})

const one = bytes(100, 11)
const two = bytes(20_000, 12)
const large = bytes(150_000, 13)
const named = preambled('named', 40)
const external = preambled('external', 10, 2)
const nothing = [{ request: 'GET /blobs/ann/?namespace=up', status: 200, json: [] }]
const refused = (status: number, text?: string): Omit<Row, 'name' | 'request'> => ({
  status,
  after: nothing,
  ...(text === undefined ? {} : { text }),
})
const line = (list: unknown) => `${JSON.stringify(list)}\n`

const downloads: readonly Row[] = [
  down('a blob is sent as size, tag, space and bytes, each in its chunk', '["c"]', {
    status: 200,
    bytes: framesOf(SEED_C),
    cut: [8, 24, 1, 100],
    has: { 'content-length': null, 'transfer-encoding': 'chunked', 'content-type': 'application/octet-stream' },
  }),
  down('blobs are sent in the order asked, in pieces of 16384 that begin anew', '["b", "a", "c"]', {
    status: 200,
    bytes: framesOf(SEED_B, SEED_A, SEED_C),
    cut: [8, 24, 1, ...Array.from({ length: 12 }, () => 16_384), 3_392, 8, 24, 1, 16, 8, 24, 1, 100],
  }),
  down('an id twice is sent twice', '["a","a"]', {
    status: 200,
    bytes: framesOf(SEED_A, SEED_A),
    cut: [8, 24, 1, 16, 8, 24, 1, 16],
  }),
  down('an empty list is an empty answer', '[]', { status: 200, text: '', cut: [] }),
  down('a namespace has its own', '["m"]', { status: 200, bytes: framesOf(SEED_M) }, '&namespace=mail'),
  down('a blank namespace is default', '["a"]', { status: 200, bytes: framesOf(SEED_A) }, '&namespace='),
  {
    name: 'the slash at the end may be missing',
    request: 'POST /stream/ann?direction=download',
    body: '["a"]',
    status: 200,
    bytes: framesOf(SEED_A),
  },
  {
    name: 'a list of ids may come in chunks',
    request: 'POST /stream/ann/?direction=download',
    chunks: ['["', 'a"', ']'],
    status: 200,
    bytes: framesOf(SEED_A),
  },
  {
    name: 'the first direction counts',
    request: 'POST /stream/ann/?direction=download&direction=upload',
    body: '["a"]',
    status: 200,
    bytes: framesOf(SEED_A),
  },
  down('one that is missing is told before the first byte', '["a", "none", "c", "nor"]', {
    status: 404,
    text: "Blob doesn't exist: none",
  }),
  down('one of another namespace is missing', '["m"]', { status: 404, text: "Blob doesn't exist: m" }),
  down('an id that is none is refused', '["a", "../b"]', { status: 400 }),
  down('an id with a line end is refused', '["a\\n"]', { status: 400 }),
  down('a number is no id', '[1]', { status: 400 }),
  down('a string is no list', '"a"', { status: 400 }),
  down('an object is no list', '{"a": 1}', { status: 400 }),
  down('null is no list', 'null', { status: 400 }),
  down('what is no JSON is refused', '["a"', { status: 400 }),
  down('no body is refused', '', { status: 400 }),
  down('an endless list is refused', `["${'x'.repeat(1_100_000)}"]`, { status: 413 }),
  down('an illegal namespace is refused', '[]', { status: 400 }, '&namespace=a.b'),
]

const uploads: readonly Row[] = [
  up(
    'blobs are stored as they were cut',
    parcel(['u1', one], ['u2', two], ['u3', large]),
    {
      status: 200,
      text: '',
      after: [
        {
          request: 'POST /stream/ann/?direction=download&namespace=up1',
          body: '["u3","u1","u2"]',
          status: 200,
          bytes: framesOf(large, one, two),
        },
      ],
    },
    '&namespace=up1',
  ),
  {
    name: 'in chunks of any cut',
    request: 'POST /stream/ann/?direction=upload&namespace=up2',
    chunks: ['[["u1"', ', 100]]', '\n', one.slice(0, 1), one.slice(1)],
    status: 200,
    after: [{ request: 'GET /blobs/ann/u1?namespace=up2', status: 200, bytes: one }],
  },
  {
    name: 'without the slash at the end',
    request: 'POST /stream/ann?direction=upload&namespace=up3',
    body: parcel(['u1', one]),
    status: 200,
    after: [{ request: 'GET /blobs/ann/u1?namespace=up3', status: 200, bytes: one }],
  },
  up(
    'what comes after the last blob is ignored',
    Buffer.concat([parcel(['u1', one]), Buffer.from('and more')]),
    {
      status: 200,
      after: [
        { request: 'GET /blobs/ann/?namespace=up4', status: 200, json: ['u1'] },
        { request: 'GET /blobs/ann/u1?namespace=up4', status: 200, bytes: one },
      ],
    },
    '&namespace=up4',
  ),
  up('an empty list stores nothing', '[]\n', refused(200, '')),
  up('an empty list without its line end too', '[]', refused(200, '')),
  up(
    'a preamble that names its id passes',
    parcel(['named', named]),
    { status: 200, after: [{ request: 'GET /blobs/ann/named?namespace=up5', status: 200, bytes: named }] },
    '&namespace=up5',
  ),
  up('one of someone else passes too', parcel(['external', external]), { status: 200 }, '&namespace=up5'),
  up(
    'a blob of another format passes by its length',
    parcel(['other', Buffer.from('EzcD and anything else')]),
    { status: 200 },
    '&namespace=up5',
  ),
  up(
    'a blob that is there is refused with all others',
    parcel(['u1', one], ['u2', one]),
    {
      status: 409,
      text: 'Blob already exists: u2',
      before: [{ request: 'PUT /blobs/ann/u2?namespace=up6', body: two }],
      after: [
        { request: 'GET /blobs/ann/?namespace=up6', status: 200, json: ['u2'] },
        { request: 'GET /blobs/ann/u2?namespace=up6', status: 200, bytes: two },
      ],
    },
    '&namespace=up6',
  ),
  up('an id twice in a list is refused', parcel(['u1', one], ['u1', two]), refused(409, 'Blob already exists: u1')),
  up(
    'a preamble that names another id is refused',
    parcel(['u1', one], ['other', named]),
    refused(400, 'The blob does not bear its id: other'),
  ),
  up('an external one too', parcel(['other', external]), refused(400, 'The blob does not bear its id: other')),
  up(
    'two blobs the wrong way round are refused',
    Buffer.concat([
      Buffer.from(
        line([
          ['external', external.length],
          ['named', named.length],
        ]),
      ),
      named,
      external,
    ]),
    refused(400),
  ),
  up('a preamble that has no end is refused', parcel(['u1', Buffer.from(`EzcB${'A'.repeat(800)}`)]), refused(400)),
  up('a blob that is shorter than the preamble it begins is refused', parcel(['u1', named.subarray(0, 300)]), refused(400)),
  up('a body one byte short is refused', parcel(['u1', one], ['u2', two]).subarray(0, -1), refused(400)),
  up('a list without bodies is refused', line([['u1', 100]]), refused(400)),
  up('a list that is cut is refused', '[["u1", 100', refused(400)),
  up('no body is refused', '', refused(400)),
  up('what is no JSON is refused', '[["u1"]\n', refused(400)),
  up('a list over two lines is refused', `[["u1",\n100]]\n${'x'.repeat(100)}`, refused(400)),
  up('an object is no list', line({ u1: 100 }), refused(400)),
  up('a list of ids has no sizes', line(['u1']), refused(400)),
  up('three in a pair are refused', `${line([['u1', 100, 1]])}${'x'.repeat(100)}`, refused(400)),
  up('a size that is a string is refused', `${line([['u1', '100']])}${'x'.repeat(100)}`, refused(400)),
  up('a size with a fraction is refused', `${line([['u1', 100.5]])}${'x'.repeat(101)}`, refused(400)),
  up('a negative size is refused', line([['u1', -1]]), refused(400)),
  up(
    'a blob below 16 bytes is refused',
    Buffer.concat([
      Buffer.from(
        line([
          ['u1', 100],
          ['u2', 15],
        ]),
      ),
      one,
      one,
    ]),
    refused(400),
  ),
  up('a blob over the limit is refused before it comes', `${line([['u1', BLOB_BYTES_MAX + 1]])}${'x'.repeat(50)}`, refused(413)),
  up(
    'a list over the quota is refused before it comes',
    line(Array.from({ length: 4 }, (_, n) => [`u${n}`, BLOB_BYTES_MAX - 1])),
    refused(507, 'Quota Exceeded!'),
  ),
  up('an id that is none is refused', `${line([['a/b', 100]])}${'x'.repeat(100)}`, refused(400)),
  up('an id with a line end is refused', `${line([['a\n', 100]])}${'x'.repeat(100)}`, refused(400)),
  up('an endless first line is refused', 'x'.repeat(1_100_000), refused(413)),
]

/** Section 7: streams. */
export const streams: readonly Row[] = [
  ...downloads,
  ...uploads,
  {
    name: 'a stream without a direction is refused',
    request: 'POST /stream/ann/',
    body: '[]',
    status: 400,
    text: 'error, supported direction values are download/upload',
  },
  { name: 'a blank direction is none', request: 'POST /stream/ann/?direction=', body: '[]', status: 400 },
  {
    name: 'another direction is refused',
    request: 'POST /stream/ann/?direction=Download',
    body: '[]',
    status: 400,
    text: 'error, supported direction values are download/upload',
  },
  { name: 'a stream is POSTed', request: 'GET /stream/ann/?direction=download', status: 401, text: 'Unauthorized' },
  { name: 'not PUT', request: 'PUT /stream/ann/?direction=upload', body: '[]\n', status: 401, text: 'Unauthorized' },
  { name: 'a stream has no id', request: 'POST /stream/ann/c?direction=download', body: '[]', status: 401, text: 'Unauthorized' },
]
