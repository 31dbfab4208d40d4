import type { Sent } from '../exchange'
import { bytes } from '../serving'
import { SEED_A, SEED_B, SEED_C, tagOf, type Row } from './row'

const blob = bytes(20)

const flagged = (id: string, flags: string): readonly Sent[] => [
  { request: `PUT /blobs/ann/${id}?namespace=box`, body: blob },
  { request: `POST /blobs/ann/${id}?namespace=box`, body: flags },
]

const twoDeleted: readonly Sent[] = ['z', 'y', 'x'].flatMap((id) => [
  { request: `PUT /blobs/ann/${id}?namespace=old`, body: blob },
  { request: `DELETE /blobs/ann/${id}?namespace=old` },
])

/** Section 6: lists and counts. */
export const lists: readonly Row[] = [
  {
    name: 'a list is a JSON array of ids',
    request: 'GET /blobs/ann/',
    status: 200,
    json: ['a', 'b', 'c'],
    has: { 'content-type': 'application/json', 'www-authenticate': null },
  },
  { name: 'a list needs no slash at its end', request: 'GET /blobs/ann', status: 200, json: ['a', 'b', 'c'] },
  { name: 'two slashes are another path', request: 'GET /blobs/ann//', status: 401, text: 'Unauthorized' },
  { name: 'a namespace has its own list', request: 'GET /blobs/ann/?namespace=mail', status: 200, json: ['m'] },
  { name: 'a blank namespace lists default', request: 'GET /blobs/ann/?namespace=', status: 200, json: ['a', 'b', 'c'] },
  { name: 'a namespace without a value lists default', request: 'GET /blobs/ann/?namespace', status: 200, json: ['a', 'b', 'c'] },
  { name: 'the first of two namespaces counts', request: 'GET /blobs/ann/?namespace=mail&namespace=x', status: 200, json: ['m'] },
  { name: 'also when it is blank', request: 'GET /blobs/ann/?namespace=&namespace=mail', status: 200, json: ['a', 'b', 'c'] },
  { name: 'a parameter is decoded', request: 'GET /blobs/ann/?%6Eamespace=m%61il', status: 200, json: ['m'] },
  { name: 'an unknown namespace is empty', request: 'GET /blobs/ann/?namespace=none', status: 200, json: [] },
  {
    name: 'a user without blobs has an empty list',
    request: 'GET /blobs/ann/?namespace=none&order_by=date',
    status: 200,
    json: [],
  },
  { name: 'an unknown parameter is ignored', request: 'GET /blobs/ann/?limit=1&x', status: 200, json: ['a', 'b', 'c'] },
  { name: 'date is oldest first', request: 'GET /blobs/ann/?order_by=date', status: 200, json: ['c', 'a', 'b'] },
  { name: '+date is oldest first', request: 'GET /blobs/ann/?order_by=%2Bdate', status: 200, json: ['c', 'a', 'b'] },
  { name: '-date is newest first', request: 'GET /blobs/ann/?order_by=-date', status: 200, json: ['b', 'a', 'c'] },
  { name: 'a bare plus is a space, and no order', request: 'GET /blobs/ann/?order_by=+date', status: 400 },
  { name: 'an order is case sensitive', request: 'GET /blobs/ann/?order_by=Date', status: 400 },
  { name: 'an unknown order is refused', request: 'GET /blobs/ann/?order_by=size', status: 400 },
  { name: 'an unknown order of an empty list too', request: 'GET /blobs/ann/?order_by=size&namespace=none', status: 400 },
  { name: 'an unknown order of tombstones too', request: 'GET /blobs/ann/?order_by=size&deleted=1', status: 400 },
  { name: 'a blank order is none', request: 'GET /blobs/ann/?order_by=', status: 200, json: ['a', 'b', 'c'] },
  { name: 'the first order counts', request: 'GET /blobs/ann/?order_by=-date&order_by=date', status: 200, json: ['b', 'a', 'c'] },
  {
    name: 'setting flags does not change the time of a blob',
    before: [{ request: 'POST /blobs/ann/c', body: '["FAILED"]' }],
    request: 'GET /blobs/ann/?order_by=date',
    status: 200,
    json: ['c', 'a', 'b'],
  },
  {
    name: 'a list by flag has the blobs that bear it, in order',
    before: [...flagged('p2', '["PENDING"]'), ...flagged('f', '["FAILED"]'), ...flagged('p1', '["PROCESSED", "PENDING"]')],
    request: 'GET /blobs/ann/?namespace=box&filter_flag=PENDING&order_by=%2Bdate',
    status: 200,
    json: ['p2', 'p1'],
  },
  {
    name: 'newest first as well',
    request: 'GET /blobs/ann/?namespace=box&filter_flag=PENDING&order_by=-date',
    status: 200,
    json: ['p1', 'p2'],
  },
  { name: 'an unknown flag lists nothing', request: 'GET /blobs/ann/?namespace=box&filter_flag=pending', status: 200, json: [] },
  { name: 'a blank flag is none', request: 'GET /blobs/ann/?namespace=box&filter_flag=', status: 200, json: ['f', 'p1', 'p2'] },
  { name: 'a flag that is SQL is just unknown', request: "GET /blobs/ann/?filter_flag='%20OR%201=1--", status: 200, json: [] },
  {
    name: 'a deleted blob is listed as deleted, by the time of deletion',
    before: twoDeleted,
    request: 'GET /blobs/ann/?namespace=old&deleted=True&order_by=date',
    status: 200,
    json: ['z', 'y', 'x'],
  },
  {
    name: 'newest deletions first',
    request: 'GET /blobs/ann/?namespace=old&deleted=True&order_by=-date',
    status: 200,
    json: ['x', 'y', 'z'],
  },
  { name: 'deleted=False is true', request: 'GET /blobs/ann/?namespace=old&deleted=False', status: 200, json: ['x', 'y', 'z'] },
  { name: 'deleted=0 is true', request: 'GET /blobs/ann/?namespace=old&deleted=0', status: 200, json: ['x', 'y', 'z'] },
  { name: 'deleted= is false', request: 'GET /blobs/ann/?namespace=old&deleted=', status: 200, json: [] },
  { name: 'deleted without a value is false', request: 'GET /blobs/ann/?namespace=old&deleted', status: 200, json: [] },
  { name: 'the first deleted counts', request: 'GET /blobs/ann/?namespace=old&deleted=&deleted=1', status: 200, json: [] },
  { name: 'tombstones are of one namespace', request: 'GET /blobs/ann/?deleted=1', status: 200, json: [] },
  {
    name: 'tombstones bear no flags',
    request: 'GET /blobs/ann/?namespace=old&deleted=1&filter_flag=PENDING',
    status: 200,
    json: [],
  },
  { name: 'a count is an object', request: 'GET /blobs/ann/?only_count=True', status: 200, json: { count: 3 } },
  { name: 'a count of one namespace', request: 'GET /blobs/ann/?only_count=1&namespace=mail', status: 200, json: { count: 1 } },
  { name: 'a count of none', request: 'GET /blobs/ann?only_count=1&namespace=none', status: 200, json: { count: 0 } },
  { name: 'only_count=False is true', request: 'GET /blobs/ann/?only_count=False', status: 200, json: { count: 3 } },
  { name: 'only_count= is false', request: 'GET /blobs/ann/?only_count=', status: 200, json: ['a', 'b', 'c'] },
  { name: 'a count has no tombstones', request: 'GET /blobs/ann/?only_count=1&namespace=old', status: 200, json: { count: 0 } },
  {
    name: 'a count looks at no flag',
    request: 'GET /blobs/ann/?only_count=1&filter_flag=FAILED',
    status: 200,
    json: { count: 3 },
  },
  { name: 'a count looks at no tombstone', request: 'GET /blobs/ann/?only_count=1&deleted=1', status: 200, json: { count: 3 } },
  { name: 'a count looks at no order', request: 'GET /blobs/ann/?only_count=1&order_by=size', status: 200, json: { count: 3 } },
  {
    name: 'a count of a blank namespace is of all of them',
    request: 'GET /blobs/ann/?only_count=1&namespace=',
    status: 200,
    json: { count: 7 },
  },
  {
    name: 'a list has sizes and tags for who asks',
    request: 'GET /blobs/ann/?order_by=date',
    headers: ['Accept: application/vnd.blobsync.list+json, application/json;q=0.9'],
    status: 200,
    has: { 'content-type': 'application/vnd.blobsync.list+json' },
    json: [
      { id: 'c', size: SEED_C.length, tag: tagOf(SEED_C) },
      { id: 'a', size: SEED_A.length, tag: tagOf(SEED_A) },
      { id: 'b', size: SEED_B.length, tag: tagOf(SEED_B) },
    ],
  },
  { name: 'a list cannot be PUT', request: 'PUT /blobs/ann/', body: blob, status: 401, text: 'Unauthorized' },
  { name: 'a list cannot be POSTed', request: 'POST /blobs/ann/', body: '[]', status: 401, text: 'Unauthorized' },
  { name: 'a list cannot be DELETEd', request: 'DELETE /blobs/ann/', status: 401, text: 'Unauthorized' },
]
