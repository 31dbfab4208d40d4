import { beforeAll, describe, inject, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { memoryRemote } from '../../src/remote/memory'
import { remoteConformance } from '../../src/testing/remote-conformance'

describe('memory remote', () => {
  for (const { name, run } of remoteConformance(async () => ({ remote: memoryRemote() }))) test(name, run)
})

describe('http remote with the reference server on another origin', () => {
  let url = ''
  beforeAll(async () => {
    url = await (await fetch(inject('serverStarter'))).text()
  })
  const open = async () => ({ remote: httpRemote({ url, user: 'ada', token: 'secret' }) })
  for (const { name, run } of remoteConformance(open)) test(name, run)
})
