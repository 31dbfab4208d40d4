import { framesOf, SEED_A, SEED_B, SEED_C, SEED_M, type Row } from './row'

const down = (name: string, body: string, row: Omit<Row, 'name' | 'request'>, query = ''): Row => ({
  name,
  request: `POST /stream/ann/?direction=download${query}`,
  body,
  ...row,
})

const isWrong = { status: 400, text: 'error, supported direction values are download/upload' }

/** Section 7: streams of blobs that are stored, and what is no stream. */
export const downloads: readonly Row[] = [
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
  {
    name: 'a stream without a direction is refused',
    request: 'POST /stream/ann/',
    body: '[]',
    ...isWrong,
  },
  { name: 'a blank direction is none', request: 'POST /stream/ann/?direction=', body: '[]', status: 400 },
  {
    name: 'another direction is refused',
    request: 'POST /stream/ann/?direction=Download',
    body: '[]',
    ...isWrong,
  },
  { name: 'a stream is POSTed', request: 'GET /stream/ann/?direction=download', status: 401, text: 'Unauthorized' },
  { name: 'not PUT', request: 'PUT /stream/ann/?direction=upload', body: '[]\n', status: 401, text: 'Unauthorized' },
  { name: 'a stream has no id', request: 'POST /stream/ann/c?direction=download', body: '[]', status: 401, text: 'Unauthorized' },
]
