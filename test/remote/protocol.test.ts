import { readFile } from 'node:fs/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { expectRight } from '../../src/testing/expect'
import { remoteConformance } from '../../src/testing/remote-conformance'
import { serving } from '../server/serving'
import { protocolServer } from './protocol-server'

const other = await protocolServer('ada', 'sec:ret')
const remote = () => httpRemote({ url: other.url, user: 'ada', token: 'sec:ret' })
afterAll(other.close)

describe('a server made from docs/protocol.md', () => {
  test('has every power that the page knows', async () => {
    const all = { changes: true, ranges: true, resumableUploads: true, batches: true, flags: true }
    expect(expectRight(await remote().supports()(), 'supports')).toEqual(all)
  })

  for (const { name, run } of remoteConformance(async () => ({ remote: remote() }))) test(name, run)
})

test('docs/protocol.md has every header by which the reference server tells what it can do, and what a page may read', async () => {
  const page = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
  const { call } = await serving({ origins: ['https://app.example.org'] })
  const answer = await call('/', { headers: { origin: 'https://app.example.org' } })
  const told = [...answer.headers].filter(([name]) => name.startsWith('blob-')).map(([name, value]) => `${name}: ${value}`)
  expect(told).toHaveLength(4)
  for (const power of told) expect(page.toLowerCase()).toContain(`\`${power.toLowerCase()}\``)
  for (const name of answer.headers.get('access-control-expose-headers')?.split(', ') ?? [])
    if (name !== 'Content-Encoding') expect(page, name).toContain(name)
  const preflight = { origin: 'https://app.example.org', 'access-control-request-method': 'PATCH' }
  const { headers } = await call('/uploads/ann/x', { method: 'OPTIONS', headers: preflight })
  for (const name of ['methods', 'headers']) expect(page).toContain(`\`${headers.get(`access-control-allow-${name}`)}\``)
})
