import { expect } from 'vitest'
import { ANN, token } from '../serving'
import { SEED_A, type Row } from './row'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const list = (name: string, authorization: string | null, row: Omit<Row, 'name' | 'request'>): Row => ({
  name,
  request: 'GET /blobs/ann/',
  authorization,
  ...row,
})
const allowed = { status: 200, json: ['a', 'b', 'c'] }
const anonymous = { status: 404, has: { 'www-authenticate': null } }
const unreadable = { status: 401, text: 'Unauthorized', has: { 'www-authenticate': null, 'content-type': 'text/html' } }
const unknown = { status: 401, text: 'Unauthorized', has: { 'www-authenticate': 'token', 'content-type': 'text/html' } }
const unmapped = { status: 401, text: 'Unauthorized', has: { 'www-authenticate': null } }

const paths: readonly (readonly [request: string, body?: string])[] = [
  ['GET /blobs/ann/'],
  ['GET /blobs/ann'],
  ['GET /blobs/ann/a'],
  ['GET /blobs/ann/none'],
  ['PUT /blobs/ann/a', 'x'.repeat(20)],
  ['POST /blobs/ann/a', '[]'],
  ['DELETE /blobs/ann/a'],
  ['POST /stream/ann/?direction=download', '[]'],
]

/** Section 9: who may do what, and what the server is. */
export const access: readonly Row[] = [
  list('the word Token', ANN, allowed),
  list('in lower case', ANN.replace('Token', 'token'), allowed),
  list('in upper case', ANN.replace('Token', 'TOKEN'), allowed),
  list('with more spaces', ANN.replace(' ', '   '), allowed),
  list('base64 without its padding', token('ann', 'secret').replace(/=+$/, ''), allowed),
  list('the first colon parts user and token', token('bob', 'other:secret'), { status: 403, text: 'Forbidden' }),
  list('another scheme', ANN.replace('Token', 'Basic'), unreadable),
  list('the scheme alone', 'Token', unreadable),
  list('the scheme and a space', 'Token ', unreadable),
  list('no scheme', ANN.replace('Token ', ''), unreadable),
  list('what is no base64', 'Token !!!', unreadable),
  list('base64url where it differs', `Token ${base64('ann:???').replaceAll('/', '_')}`, unreadable),
  list('one character', 'Token A', unreadable),
  list('no colon', `Token ${base64('ann')}`, unreadable),
  list('a wrong token', token('ann', 'Secret'), unknown),
  list('a token with one more letter', token('ann', 'secrets'), unknown),
  list('an empty token', token('ann', ''), unknown),
  list('an empty user', token('', 'secret'), unknown),
  list('an unknown user', token('eve', 'secret'), unknown),
  list('the token of another', token('ann', 'other:secret'), unknown),
  list('a user in another case', token('Ann', 'secret'), unknown),
  list('no credentials', null, anonymous),
  list('blank credentials', '', anonymous),
  ...paths.map(([request, body]) => ({
    name: `an anonymous ${request}`,
    request,
    authorization: null,
    ...(body === undefined ? {} : { body }),
    ...anonymous,
  })),
  ...paths.map(([request, body]) => ({
    name: `Bob’s ${request}`,
    request,
    authorization: token('bob', 'other:secret'),
    ...(body === undefined ? {} : { body }),
    status: 403,
  })),
  { name: 'nothing has come of that', request: 'GET /blobs/ann/a', status: 200, bytes: SEED_A },
  {
    name: 'Bob has a list of his own',
    request: 'GET /blobs/bob/',
    authorization: token('bob', 'other:secret'),
    status: 200,
    json: [],
  },
  { name: 'an unknown path', request: 'GET /shared', ...unmapped },
  { name: 'an unknown path, anonymous', request: 'GET /shared', authorization: null, ...unmapped },
  { name: 'an unknown method, anonymous', request: 'PATCH /blobs/ann/a', authorization: null, ...unmapped },
  { name: 'a path without a user', request: 'GET /blobs/', ...unmapped },
  { name: 'a path without a user or a slash', request: 'GET /blobs', ...unmapped },
  { name: 'a path with an empty user', request: 'GET /blobs//a', ...unmapped },
  { name: 'a path with two slashes before', request: 'GET //blobs/ann/', ...unmapped },
  { name: 'a path in another case', request: 'GET /Blobs/ann/', ...unmapped },
  { name: 'a path that goes up and down again', request: 'GET /blobs/bob/../ann/a', status: 200, bytes: SEED_A },
  { name: 'a path that goes up from one’s own', request: 'GET /blobs/ann/../bob/a', status: 403 },
  {
    name: 'what the server is',
    request: 'GET /',
    authorization: null,
    status: 200,
    json: { blobs: true, version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    has: { 'content-type': 'application/json', 'blob-streams': 'atomic' },
  },
  {
    name: 'what the server is, whatever the query',
    request: 'GET /?x=1',
    authorization: null,
    status: 200,
    has: { 'blob-streams': 'atomic' },
  },
  {
    name: 'what robots may see',
    request: 'GET /robots.txt',
    authorization: null,
    status: 200,
    text: 'User-agent: *\nDisallow: /\n',
  },
  { name: 'HEAD of what the server is', request: 'HEAD /', authorization: null, status: 401 },
  { name: 'POST to what the server is', request: 'POST /', authorization: null, body: '', status: 401, text: 'Unauthorized' },
]
