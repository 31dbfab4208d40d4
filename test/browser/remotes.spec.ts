import * as E from 'fp-ts/Either'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { blobKey } from '../../src/model/ids'
import { httpRemote } from '../../src/remote/http'
import { memoryRemote } from '../../src/remote/memory'
import { expectLeft, expectRight } from '../../src/testing/expect'
import { remoteConformance } from '../../src/testing/remote-conformance'
import { started } from './started'

describe('memory remote', () => {
  for (const { name, run } of remoteConformance(async () => ({ remote: memoryRemote() }))) test(name, run)
})

describe('http remote with the reference server on another origin', () => {
  let url = ''
  beforeAll(async () => {
    url = await started()
  })
  const open = async () => ({ remote: httpRemote({ url, user: 'ada', token: 'secret' }) })
  for (const { name, run } of remoteConformance(open)) test(name, run)

  test('reads what the server says in headers of its own', async () => {
    const { remote } = await open()
    expect(expectRight(await remote.supports()(), 'supports')).toMatchObject({ batches: true, flags: true })
    const key = expectRight(blobKey('tagged'), 'key')
    expectRight(await remote.put(key, { sizeBytes: 16, body: new Uint8Array(16) })(), 'put')
    const { tag, sizeBytes, body } = expectRight(await remote.get(key)(), 'get')
    await body.cancel()
    expect([tag, sizeBytes]).toEqual(['AAAAAAAAAAAAAAAAAAAAAA==', 16])
  })

  test('tells an upload that is too large for the server, and what the server said', async () => {
    const { remote } = await open()
    const body = new Uint8Array(5_000_001)
    const outcome = await remote.put(expectRight(blobKey('large'), 'key'), { sizeBytes: body.length, body })()
    expect(E.isLeft(outcome) && outcome.left).toMatchObject({
      _tag: 'TooLarge',
      message: expect.stringContaining('server takes'),
    })
  })

  test('reads a token that is wrong as no access, across origins too', async () => {
    const remote = httpRemote({ url, user: 'ada', token: 'wrong' })
    expectLeft(await remote.list({ namespace: expectRight(blobKey('x'), 'key').namespace })(), 'list', 'Unauthorized')
  })
})

test('a redirect is not followed, and told as one', async () => {
  const remote = httpRemote({ url: `${inject('serverStarter')}/moved`, user: 'ada', token: 'secret' })
  const outcome = await remote.get(expectRight(blobKey('x'), 'key'))()
  expect(E.isLeft(outcome) && outcome.left).toMatchObject({
    _tag: 'ServerError',
    message: 'GET default/x: the server answered with a redirect',
  })
})
