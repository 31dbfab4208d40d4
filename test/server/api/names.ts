import { bytes } from '../serving'
import { SEED_A, type Row } from './row'

const blob = bytes(20)
const long = 'x'.repeat(254)

/** Section 1 of the specification: users, ids and namespaces. */
export const names: readonly Row[] = [
  { name: 'an id has all of the alphabet', request: 'PUT /blobs/ann/AZaz09_-', body: blob, status: 200, text: '' },
  { name: 'an id may be one hyphen', request: 'PUT /blobs/ann/-', body: blob, status: 200 },
  { name: 'an id may be one underscore', request: 'PUT /blobs/ann/_', body: blob, status: 200 },
  { name: 'an id may have 254 characters', request: `PUT /blobs/ann/${long}`, body: blob, status: 200 },
  { name: 'an id of 255 characters is refused', request: `PUT /blobs/ann/${long}x`, body: blob, status: 400 },
  { name: 'an id is decoded from percents', request: 'GET /blobs/ann/%61', status: 200, bytes: SEED_A },
  { name: 'an id is case sensitive', request: 'GET /blobs/ann/A', status: 404, text: "Blob doesn't exist: A" },
  {
    name: 'an id that ends in a line end is refused, and not listed',
    request: 'PUT /blobs/ann/nl%0A?namespace=lines',
    body: blob,
    status: 400,
    after: [{ request: 'GET /blobs/ann/?namespace=lines', status: 200, json: [] }],
  },
  { name: 'nor is one asked for with a line end found', request: 'GET /blobs/ann/a%0A', status: 400 },
  { name: 'nor deleted', request: 'DELETE /blobs/ann/a%0A', status: 400 },
  { name: 'nor flagged', request: 'POST /blobs/ann/a%0A', body: '[]', status: 400 },
  { name: 'an id with a carriage return is refused', request: 'PUT /blobs/ann/a%0D', body: blob, status: 400 },
  { name: 'an id with a dot is refused', request: 'PUT /blobs/ann/a.b', body: blob, status: 400 },
  { name: 'an id with a space is refused', request: 'PUT /blobs/ann/a%20b', body: blob, status: 400 },
  { name: 'an id with a plus is refused', request: 'PUT /blobs/ann/a+b', body: blob, status: 400 },
  { name: 'an id with an encoded slash is refused', request: 'PUT /blobs/ann/a%2Fb', body: blob, status: 400 },
  { name: 'an id that leads upwards is refused', request: 'PUT /blobs/ann/%2e%2e%2fx', body: blob, status: 400 },
  { name: 'an id with a zero byte is refused', request: 'PUT /blobs/ann/a%00', body: blob, status: 400 },
  { name: 'an id with a letter beyond ASCII is refused', request: 'PUT /blobs/ann/%C3%A4', body: blob, status: 400 },
  { name: 'an id that is no UTF-8 is refused', request: 'PUT /blobs/ann/%FF', body: blob, status: 400 },
  { name: 'an id with a broken percent is refused', request: 'PUT /blobs/ann/%zz', body: blob, status: 400 },
  { name: 'a user with a dot is refused', request: 'GET /blobs/an.n/', status: 400 },
  { name: 'a user with a line end is refused', request: 'GET /blobs/ann%0A/', status: 400 },
  { name: 'a user is decoded from percents', request: 'GET /blobs/%61nn/a', status: 200, bytes: SEED_A },
  { name: 'a namespace with a slash is refused', request: 'GET /blobs/ann/a?namespace=a%2Fb', status: 400 },
  { name: 'a namespace that leads upwards is refused', request: 'GET /blobs/ann/?namespace=..%2Fbob', status: 400 },
  { name: 'a namespace with a line end is refused', request: 'GET /blobs/ann/a?namespace=default%0A', status: 400 },
  { name: 'a namespace with a space is refused', request: 'PUT /blobs/ann/a?namespace=a+b', body: blob, status: 400 },
  { name: 'the namespace without a name is default', request: 'GET /blobs/ann/a?namespace=default', status: 200, bytes: SEED_A },
  { name: 'a blank namespace is default', request: 'GET /blobs/ann/a?namespace=', status: 200, bytes: SEED_A },
  { name: 'a blank namespace is default for a PUT too', request: 'PUT /blobs/ann/a?namespace=', body: blob, status: 409 },
  { name: 'a namespace is case sensitive', request: 'GET /blobs/ann/m?namespace=Mail', status: 404 },
  { name: 'an id belongs to its namespace alone', request: 'GET /blobs/ann/m', status: 404, text: "Blob doesn't exist: m" },
]
