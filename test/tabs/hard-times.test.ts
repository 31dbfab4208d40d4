import * as TE from 'fp-ts/TaskEither'
import { expect, test } from 'vitest'
import { failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { memoryStore } from '../../src/store/memory'
import { PROTOCOL } from '../../src/tab-messages'
import { gate, text, watched } from '../blob-sync/device'
import { settled } from '../virtual-clock'
import { browser, during, leaders } from './browser'

test('tabs that do not hear each other change places once, and not for ever', async () => {
  const all = browser({ loses: () => true })
  const [one, two] = [all.openTab(), all.openTab()]
  await all.clock.advance(120_000)
  expect(all.memory.epoch).toBe(2)
  expect(leaders([one, two])).toHaveLength(1)
  const [leader, other] = leaders([one]).length === 1 ? [one, two] : [two, one]
  await leader.close()
  await all.clock.advance(1_000)
  expect(leaders([other])).toHaveLength(1)
})

test('a tab that could not read the store at first works once it leads', async () => {
  const all = browser()
  const store = memoryStore(all.memory)
  let isBroken = true
  const broken = TE.left(failure('StorageBroken', 'Not now.'))
  const { shared } = store
  if (shared === undefined) throw new TypeError('The memory has no name.')
  const { blobs } = all.openTab({
    store: {
      ...store,
      records: () => (isBroken ? broken : store.records()),
      shared: { ...shared, lead: (onDeposed) => (isBroken ? broken : shared.lead(onDeposed)) },
    },
  })
  const reported: string[] = []
  blobs.on('failure.reported', ({ message }) => reported.push(message))
  expect(
    await during(
      all,
      blobs.put(text('early')).catch((error: unknown) => error),
    ),
  ).toMatchObject({ failure: { _tag: 'StorageBroken' } })
  await all.clock.advance(10_000)
  expect(reported).toEqual(['Not now.'])
  isBroken = false
  await all.clock.advance(2_000)
  await during(all, blobs.put(text('late'), { id: 'late' }))
  await during(all, blobs.idle())
  expect(all.puts).toEqual(['late'])
})

test('a tab whose claim was overtaken while it was made does not lead', async () => {
  const all = browser({ hasLocks: false })
  const store = memoryStore(all.memory)
  const { opened, open } = gate()
  const { shared } = store
  if (shared === undefined) throw new TypeError('The memory has no name.')
  const lead: typeof shared.lead = (onDeposed) => async () => {
    const begun = await shared.lead(onDeposed)()
    await opened
    return begun
  }
  const slow = all.openTab({ store: { ...store, shared: { ...shared, lead } }, random: () => 0 })
  const quick = all.openTab({ random: () => 0.9 })
  await all.clock.advance(5_000)
  expect(leaders([quick])).toHaveLength(1)
  open()
  await settled()
  expect(leaders([slow, quick])).toEqual([quick])
})

test('a leader keeps no answer that has come: a list of many thousand blobs may be in it', async () => {
  const rows = remoteMemory()
  const seen = watched(memoryRemote({ memory: rows }))
  const all = browser({ rows, remote: seen.remote })
  const [leader, follower] = [all.openTab(), all.openTab()]
  await all.clock.advance(100)
  expect(leaders([leader, follower])).toEqual([leader])
  await during(all, follower.blobs.sync())
  const lists = () => seen.calls.filter((call) => call.startsWith('list')).length
  expect(lists()).toBe(1)
  const asked = all.posted.find((message) => JSON.stringify(message).includes('"verb":"sync"'))
  all
    .page()
    .tabs.open(`blobsync ${PROTOCOL} ${all.memory.name}`, () => {})
    .post(asked)
  await all.clock.advance(100)
  expect(lists()).toBe(2)
})

test('what a follower puts while the leader is silent stays, though the leader removes what it had asked for in vain', async () => {
  const { opened, open } = gate()
  let isDeaf = false
  const rows = remoteMemory()
  const slow = watched(memoryRemote({ memory: rows }), (call, id) =>
    isDeaf && id === 'one' && call === 'get' ? opened : undefined,
  )
  const all = browser({ rows, remote: slow.remote, loses: (message) => isDeaf && JSON.stringify(message).includes('"asked"') })
  const [leader, follower] = [all.openTab(), all.openTab()]
  await all.clock.advance(100)
  expect(leaders([leader, follower])).toEqual([leader])
  isDeaf = true
  const got = leader.blobs.get('one').catch(() => {})
  await settled()
  await during(all, follower.blobs.put(text('new'), { id: 'one' }), 50)
  open()
  await during(all, got)
  isDeaf = false
  await all.clock.advance(10_000)
  await during(all, follower.blobs.idle())
  expect(all.puts).toEqual(['one'])
  expect(await (await leader.blobs.get('one')).text()).toBe('new')
})

test('a leader that is closed while another tab has a turn waits for nothing', async () => {
  const all = browser()
  const [leader, follower] = [all.openTab(), all.openTab()]
  await all.clock.advance(100)
  expect(leaders([leader, follower])).toEqual([leader])
  const put = follower.blobs.put(text('one'), { id: 'one' }).catch(() => {})
  while (!all.posted.some((message) => JSON.stringify(message).includes('"verb":"turn"'))) await Promise.resolve()
  await follower.close()
  await put
  await leader.blobs.close()
  expect(all.clock.pending()).toBe(0)
})
