import { bytes } from '../serving'
import { BLOB_BYTES_MAX, framesOf, parcel, preambled, type Row } from './row'

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

/** Section 7: streams of blobs to be stored. */
export const uploads: readonly Row[] = [
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
