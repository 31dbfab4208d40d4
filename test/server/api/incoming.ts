import { bytes, token } from '../serving'
import { BLOB_BYTES_MAX, QUOTA_BYTES, type Row } from './row'

/** As the table's server knows them. */
export const SERVICE = token('mail', 's3rvice')

const mail = bytes(100, 21)

const deliver = (name: string, row: Omit<Row, 'name' | 'request'>, path = '/incoming/ann/d1'): Row => ({
  name,
  request: `PUT ${path}`,
  authorization: SERVICE,
  body: mail,
  ...row,
})

/** Section 8: what services deliver, on the port for them. */
export const incoming: readonly Row[] = [
  deliver('a delivery is taken', { status: 200, text: '' }, '/incoming/ann/t1'),
  deliver('also in chunks', { chunks: [mail.slice(0, 3), mail.slice(3)], status: 200 }, '/incoming/ann/t2'),
  deliver('an empty one too', { body: '', status: 200 }, '/incoming/ann/t3'),
  deliver('for a user whom nobody has heard of', { status: 200 }, '/incoming/zoe/t1'),
  deliver('an id that is there is refused', { status: 409, text: 'Blob already exists: t1' }, '/incoming/ann/t1'),
  deliver(
    'too much for the quota is refused',
    {
      before: [1, 2, 3].map((n) => ({ request: `PUT /incoming/max/q${n}`, authorization: SERVICE, body: bytes(290_000) })),
      body: bytes(QUOTA_BYTES - 3 * 290_737),
      status: 507,
      text: 'Quota Exceeded!',
    },
    '/incoming/max/q4',
  ),
  deliver(
    'also in chunks',
    { chunks: [bytes(QUOTA_BYTES - 3 * 290_737)], status: 507, text: 'Quota Exceeded!' },
    '/incoming/max/q4',
  ),
  deliver('up to the quota it is taken', { body: bytes(QUOTA_BYTES - 3 * 290_737 - 737), status: 200 }, '/incoming/max/q4'),
  deliver('too large is refused', { body: bytes(BLOB_BYTES_MAX - 736), status: 413 }),
  deliver('also in chunks', { chunks: [bytes(BLOB_BYTES_MAX - 736)], status: 413 }),
  deliver('an id with a line end is refused', { status: 400 }, '/incoming/ann/a%0A'),
  deliver('an id with a dot is refused', { status: 400 }, '/incoming/ann/a.b'),
  deliver('a user with a dot is refused', { status: 400 }, '/incoming/an.n/d1'),
  deliver('without a token there is nothing', { authorization: null, status: 404, has: { 'www-authenticate': null } }),
  deliver('a wrong token is told so', {
    authorization: token('mail', 'wrong'),
    status: 401,
    text: 'Unauthorized',
    has: { 'www-authenticate': 'token' },
  }),
  deliver('an unknown service is told so', {
    authorization: token('post', 's3rvice'),
    status: 401,
    text: 'Unauthorized',
    has: { 'www-authenticate': 'token' },
  }),
  deliver('a user is no service', { authorization: token('ann', 'secret'), status: 401, text: 'Unauthorized' }),
  deliver('another scheme is refused', {
    authorization: SERVICE.replace('Token', 'Bearer'),
    status: 401,
    has: { 'www-authenticate': null },
  }),
  {
    name: 'a delivery is PUT',
    request: 'POST /incoming/ann/d1',
    authorization: SERVICE,
    body: mail,
    status: 401,
    text: 'Unauthorized',
  },
  {
    name: 'it cannot be read back here',
    request: 'GET /incoming/ann/t1',
    authorization: SERVICE,
    status: 401,
    text: 'Unauthorized',
  },
  { name: 'nor asked for by HEAD', request: 'HEAD /incoming/ann/t1', authorization: SERVICE, status: 401 },
  { name: 'a delivery has an id', request: 'PUT /incoming/ann/', authorization: SERVICE, body: mail, status: 401 },
  { name: 'blobs are not here', request: 'GET /blobs/ann/', status: 401, text: 'Unauthorized' },
  { name: 'nor is what the server is', request: 'GET /', authorization: null, status: 401, text: 'Unauthorized' },
]

/** Section 8: what the user sees of deliveries, on the port for users. */
export const delivered: readonly Row[] = [
  {
    name: 'deliveries wait in MX, oldest first',
    request: 'GET /blobs/ann/?namespace=MX&filter_flag=PENDING&order_by=%2Bdate',
    status: 200,
    json: ['t1', 't2', 't3'],
  },
  { name: 'they are pending', request: 'GET /blobs/ann/t1?namespace=MX&only_flags=True', status: 200, json: ['PENDING'] },
  {
    name: 'their size is that of a preamble, a space and the payload',
    request: 'GET /blobs/ann/t1?namespace=MX',
    status: 200,
    has: { 'content-length': '837' },
  },
  {
    name: 'their tag is the last of the payload',
    request: 'GET /blobs/ann/t2?namespace=MX',
    status: 200,
    has: { tag: `${Buffer.from(mail.slice(-16)).toString('base64url')}==` },
  },
  {
    name: 'an empty one is a preamble and a space',
    request: 'GET /blobs/ann/t3?namespace=MX',
    status: 200,
    has: { 'content-length': '737' },
  },
  { name: 'their flags are set as any other', request: 'POST /blobs/ann/t1?namespace=MX', body: '["PROCESSING"]', status: 200 },
  {
    name: 'and then they are not pending',
    request: 'GET /blobs/ann/?namespace=MX&filter_flag=PENDING',
    status: 200,
    json: ['t2', 't3'],
  },
  { name: 'they are deleted as any other', request: 'DELETE /blobs/ann/t1?namespace=MX', status: 200 },
  {
    name: 'the port for users takes no deliveries',
    request: 'PUT /incoming/ann/t9',
    body: mail,
    status: 401,
    text: 'Unauthorized',
  },
  {
    name: 'nor from a service',
    request: 'PUT /incoming/ann/t9',
    authorization: SERVICE,
    body: mail,
    status: 401,
    text: 'Unauthorized',
  },
  {
    name: 'a service is no user',
    request: 'GET /blobs/mail/',
    authorization: SERVICE,
    status: 401,
    has: { 'www-authenticate': 'token' },
  },
]
