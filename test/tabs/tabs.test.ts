import { describe, expect, test } from 'vitest'
import { BlobSyncError, type BlobSyncEvents, type BlobView, type Tabs } from '../../src/index'
import { failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { memoryStore, newMemory } from '../../src/store/memory'
import { device, gate, text, watched } from '../blob-sync/device'
import { settled } from '../virtual-clock'
import { browser, during, leaders, type Tab } from './browser'
import { troubled } from './troubled'

const three = (all: ReturnType<typeof browser>): readonly [Tab, Tab, Tab] => [all.openTab(), all.openTab(), all.openTab()]
const contentOf = async (tab: Tab, id: string) => (await tab.blobs.get(id)).text()
const shownBy = ({ blobs }: Tab) => [blobs.getSnapshot(), blobs.list().toSorted((a, b) => (a.id < b.id ? -1 : 1))]
const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error: unknown) => (error instanceof BlobSyncError ? error.failure._tag : String(error)),
  )

/** Puts so many blobs from each of the tabs at once. */
const putAll = (tabs: readonly Tab[], count: number) =>
  Promise.all(
    tabs.flatMap(({ blobs }, at) =>
      Array.from({ length: count }, (_, n) => blobs.put(text(`content ${at} ${n}`), { id: `b${at}-${n}` })),
    ),
  )

const atOnce = { 'with locks': true, 'by who answers': false }
describe.each(Object.entries(atOnce))('%s', (_, hasLocks) => {
  const started = async (given: Parameters<typeof browser>[0] = {}) => {
    const all = browser({ hasLocks, ...given })
    const tabs = three(all)
    await all.clock.advance(1_500)
    const [leader] = leaders(tabs)
    const [follower, other] = tabs.filter((tab) => tab !== leader)
    if (leader === undefined || follower === undefined || other === undefined) throw new Error('Nobody leads.')
    expect(leaders(tabs)).toHaveLength(1)
    return { all, tabs, leader, follower, other }
  }

  test('one tab leads, and all show the same and read the same', async () => {
    const { all, tabs, leader } = await started()
    await putAll(tabs, 1)
    await during(all, Promise.all(tabs.map(({ blobs }) => blobs.idle())))
    await settled()
    for (const tab of tabs) expect(shownBy(tab)).toEqual(shownBy(leader))
    expect(leader.blobs.getSnapshot().counts.SYNCED).toBe(3)
    for (const tab of tabs) for (const at of [0, 1, 2]) expect(await contentOf(tab, `b${at}-0`)).toBe(`content ${at} 0`)
  })

  test('three tabs put 30 files at once: each is stored once', async () => {
    const { all, tabs } = await started()
    await during(all, putAll(tabs, 30))
    await during(all, Promise.all(tabs.map(({ blobs }) => blobs.idle())))
    expect(all.puts.toSorted()).toEqual([...new Set(all.puts)].toSorted())
    expect(all.puts).toHaveLength(90)
  })

  test('three tabs put the same 30 files at once, named by their content: each is stored once', async () => {
    const { all, tabs } = await started()
    const files = Array.from({ length: 30 }, (_, n) => text(`file ${n}`))
    const views = await during(
      all,
      Promise.all(tabs.map(({ blobs }) => Promise.all(files.map((file) => blobs.put(file, { id: 'content' }))))),
    )
    await during(all, Promise.all(tabs.map(({ blobs }) => blobs.idle())))
    expect(views[1]?.map(({ id }) => id)).toEqual(views[0]?.map(({ id }) => id))
    expect(all.puts).toHaveLength(30)
    expect(new Set(all.puts).size).toBe(30)
  })

  test('other content under the same id from two tabs at once: one is stored, the other is told that it exists', async () => {
    const { all, leader, follower, other } = await started()
    const tried = await during(
      all,
      Promise.all([leader, follower, other].map(({ blobs }, at) => reasonOf(blobs.put(text(`content ${at}`), { id: 'taken' })))),
    )
    expect(tried.toSorted()).toEqual(['Exists', 'Exists', 'nothing'])
    expect(await contentOf(follower, 'taken')).toBe(`content ${tried.indexOf('nothing')}`)
  })

  test.each(['closed', 'crashed'])(
    'when the leader is %s in mid-upload another leads within 2 s; nothing is lost or stored twice',
    async (how) => {
      const rows = remoteMemory()
      const { opened, open } = gate()
      const slow = watched(memoryRemote({ memory: rows }), (call) => (call === 'put' ? opened : undefined))
      const { all, tabs, leader, follower } = await started({ rows, remote: slow.remote })
      await during(all, putAll(tabs, 5))
      expect(slow.calls.filter((call) => call.startsWith('put')).length).toBeGreaterThan(0)
      if (how === 'closed') await leader.close()
      else leader.crash()
      await all.clock.advance(2_000)
      const left = tabs.filter((tab) => tab !== leader)
      expect(leaders(left)).toHaveLength(1)
      open()
      await during(all, follower.blobs.idle())
      expect(follower.blobs.getSnapshot().counts.SYNCED).toBe(15)
      for (const id of all.puts) expect(all.puts.filter((one) => one === id)).toHaveLength(1)
      expect(new Set(all.puts).size).toBe(15)
    },
  )

  test('what is put while nobody leads is durable at once, and the next leader uploads it', async () => {
    const { all, leader, follower, other } = await started()
    leader.crash()
    await during(all, follower.blobs.put(text('in between'), { id: 'between' }), 50)
    expect(all.memory.records.has('default/between')).toBe(true)
    follower.crash()
    await all.clock.advance(2_000)
    await during(all, other.blobs.idle())
    expect(all.puts).toEqual(['between'])
    expect(await contentOf(other, 'between')).toBe('in between')
  })

  test('a tab that dies right after its bytes are written, before it tells anyone: the leader finds them', async () => {
    const { all, leader, follower } = await started()
    const put = follower.blobs.put(text('last words'), { id: 'last' })
    while (!all.memory.records.has('default/last')) await Promise.resolve()
    follower.crash()
    await Promise.race([put, Promise.resolve()])
    await all.clock.advance(4_000)
    await during(all, leader.blobs.idle())
    expect(all.puts).toEqual(['last'])
  })

  test('a leader that is thawed too late is refused, follows, and shows what the others do', async () => {
    const rows = remoteMemory()
    const { opened, open } = gate()
    const slow = watched(memoryRemote({ memory: rows }), (call, id) => (call === 'put' && id === 'slow' ? opened : undefined))
    const { all, tabs, leader, follower } = await started({ rows, remote: slow.remote })
    const reported: string[] = []
    leader.blobs.on('failure.reported', ({ message }) => reported.push(message))
    await during(all, leader.blobs.put(text('slow'), { id: 'slow' }))
    leader.page.freeze()
    await during(all, follower.blobs.delete('slow'))
    await all.clock.advance(20_000)
    expect(leaders(tabs.filter((tab) => tab !== leader))).toHaveLength(1)
    await during(all, follower.blobs.put(text('new'), { id: 'new' }))
    open()
    leader.page.thaw()
    await all.clock.advance(5_000)
    await during(all, follower.blobs.sync())
    expect(leaders(tabs)).toHaveLength(1)
    expect(leader.blobs.actor.getSnapshot().value.leadership).toBe('follower')
    expect(shownBy(leader)).toEqual(shownBy(follower))
    expect([...leader.blobs.actor.getSnapshot().context.actors.keys()]).toEqual([])
    expect(leader.blobs.blob('slow').getSnapshot().status).not.toBe('SYNCED')
    expect(reported).toEqual([])
  })

  test('a follower does all that an app can ask for', async () => {
    const rows = remoteMemory()
    const { all, leader, follower } = await started({ rows })
    await during(all, follower.blobs.put(text('one'), { id: 'one', priority: 'low' }))
    await during(all, follower.blobs.setPriority('one', 'high'))
    expect(leader.blobs.blob('one').getSnapshot().priority).toBe('high')
    expect(follower.blobs.blob('one').getSnapshot().priority).toBe('high')
    const elsewhere = device({ remote: memoryRemote({ memory: rows }) })
    await elsewhere.put(text('from elsewhere'), { id: 'two' })
    await elsewhere.put(text('unasked'), { id: 'three' })
    await elsewhere.sync()
    expect(await (await during(all, follower.blobs.get('two'))).text()).toBe('from elsewhere')
    const report = await during(all, follower.blobs.sync())
    expect(report.downloaded.map(({ id }) => id)).toEqual(['three'])
    expect(await reasonOf(during(all, follower.blobs.get('nowhere')))).toBe('NotFound')
    expect(await reasonOf(during(all, follower.blobs.delete('nowhere')))).toBe('NotFound')
    await during(all, follower.blobs.delete('one'))
    expect(follower.blobs.blob('one').getSnapshot().status).toBe('PENDING_DELETE')
    await during(all, follower.blobs.retry())
    follower.blobs.pause()
    await all.clock.advance(100)
    for (const { blobs } of [leader, follower]) expect(blobs.getSnapshot().transfers).toBe('paused')
    follower.blobs.resume()
    await during(all, follower.blobs.idle())
    expect(leader.blobs.getSnapshot().transfers).toBe('running')
    await elsewhere.sync()
    await elsewhere.delete('two')
    await elsewhere.sync()
    expect((await during(all, follower.blobs.sync())).trashed.map(({ id }) => id)).toEqual(['two'])
    await during(all, follower.blobs.restore('two'))
    await during(all, follower.blobs.idle())
    expect(await contentOf(leader, 'two')).toBe('from elsewhere')
  })

  test('a follower that is called off takes back what it asked for', async () => {
    const { opened, open } = gate()
    const slow = watched(memoryRemote(), (call) => (call === 'get' ? opened : undefined))
    const { all, leader, follower } = await started({ remote: slow.remote })
    const calling = new AbortController()
    const got = reasonOf(follower.blobs.get('some', { signal: calling.signal }))
    await settled()
    expect(leader.blobs.list().map(({ id }) => id)).toEqual(['some'])
    calling.abort()
    expect(await got).toBe('Aborted')
    await settled()
    open()
    await all.clock.advance(100)
    expect(leader.blobs.list()).toEqual([])
    expect(follower.blobs.list()).toEqual([])
  })

  test('what is asked for and whose answer is lost is done once', async () => {
    const rows = remoteMemory()
    const seen = watched(memoryRemote({ memory: rows }))
    let isDeaf = false
    const loses = (message: unknown) => isDeaf && JSON.stringify(message).includes('"answered"')
    const { all, follower } = await started({ rows, remote: seen.remote, loses })
    isDeaf = true
    const before = seen.calls.length
    const syncing = follower.blobs.sync()
    await all.clock.advance(6_000)
    expect(seen.calls.slice(before)).toEqual(['list default'])
    isDeaf = false
    await during(all, syncing)
    expect(seen.calls.slice(before)).toEqual(['list default'])
  })

  test('what the leader’s own app asked for is done by the next one, when it is deposed meanwhile', async () => {
    const rows = remoteMemory()
    const elsewhere = device({ remote: memoryRemote({ memory: rows }) })
    await elsewhere.put(text('far'), { id: 'far' })
    await elsewhere.idle()
    const { opened } = gate()
    let held = 0
    const slow = watched(memoryRemote({ memory: rows }), (call) => (call === 'get' && (held += 1) === 1 ? opened : undefined))
    const { all, leader } = await started({ rows, remote: slow.remote })
    const got = leader.blobs.get('far')
    await settled()
    expect(held).toBe(1)
    leader.page.freeze()
    await all.clock.advance(20_000)
    leader.page.thaw()
    expect(await (await during(all, got)).text()).toBe('far')
    expect(held).toBe(2)
  })

  test('whoever pauses, the next leader is paused too', async () => {
    const { all, tabs, leader, follower } = await started()
    follower.blobs.pause()
    await all.clock.advance(100)
    leader.crash()
    await all.clock.advance(2_000)
    await during(all, follower.blobs.put(text('one'), { id: 'one' }))
    await all.clock.advance(5_000)
    expect(all.puts).toEqual([])
    expect(leaders(tabs.filter((tab) => tab !== leader))).toHaveLength(1)
  })

  test('messages that are lost are said again, and what is asked for is done once', async () => {
    let lost = 0
    const rows = remoteMemory()
    const seen = watched(memoryRemote({ memory: rows }))
    let isBad = false
    const { all, leader, follower } = await started({ rows, remote: seen.remote, loses: () => isBad && (lost += 1) % 2 === 0 })
    isBad = true
    const lists = () => seen.calls.filter((call) => call.startsWith('list')).length
    const before = lists()
    for (let round = 1; round <= 5; round += 1) {
      await during(all, follower.blobs.sync())
      expect(lists()).toBe(before + round)
    }
    await during(all, follower.blobs.put(text('one'), { id: 'one' }))
    await during(all, follower.blobs.delete('one'))
    isBad = false
    await all.clock.advance(10_000)
    expect(shownBy(follower)).toEqual(shownBy(leader))
  })
})

test.each(['the leader to be', 'a follower'])('what %s puts while it reads the store is not forgotten', async (who) => {
  const all = browser()
  const leader = all.openTab()
  await all.clock.advance(100)
  await leader.blobs.put(text('old'), { id: 'old' })
  await leader.blobs.idle()
  const { opened, open } = gate()
  let isSlow = false
  const store = memoryStore(all.memory)
  const records = () => async () => {
    const read = await store.records()()
    if (isSlow) await opened
    return read
  }
  const { blobs } = all.openTab({ store: { ...store, records } })
  await all.clock.advance(500)
  const deleted: string[] = []
  blobs.on('blob.deleted', ({ id }) => deleted.push(id))
  isSlow = true
  if (who === 'a follower') blobs.actor.send({ type: 'records.wanted' })
  else await leader.close()
  await settled()
  expect(blobs.actor.getSnapshot().value.reconciliation).toBe('recalling')
  await during(all, blobs.put(text('new'), { id: 'new' }), 50)
  open()
  await during(all, blobs.idle())
  expect(deleted).toEqual([])
  expect(blobs.list().map(({ id, status }) => [id, status])).toEqual([
    ['old', 'SYNCED'],
    ['new', 'SYNCED'],
  ])
})

test('a leader whose write is refused breaks off what it transfers', async () => {
  const signals: (AbortSignal | undefined)[] = []
  const remote = memoryRemote()
  const all = browser({
    remote: {
      ...remote,
      put:
        (_key, { signal }) =>
        () => (signals.push(signal), new Promise(() => {})),
    },
  })
  const leader = all.openTab()
  await all.clock.advance(100)
  await leader.blobs.put(text('one'), { id: 'one' })
  await leader.blobs.put(text('two'), { id: 'two', localOnly: true })
  await settled()
  await memoryStore(all.memory).shared?.lead(() => {})()
  expect(signals.map((signal) => signal?.aborted)).toEqual([false])
  void leader.blobs.setPriority('two', 'high').catch(() => {})
  await settled()
  expect(signals.map((signal) => signal?.aborted)).toEqual([true])
  expect(leaders([leader])).toEqual([])
})

test('a tab that comes sees what is under way, with its progress, and what the store does not say', async () => {
  const { opened, open } = gate()
  const remote = memoryRemote()
  const all = browser({
    remote: {
      ...remote,
      put: (key, upload) => async () => {
        upload.onProgress?.(7)
        await opened
        return remote.put(key, upload)()
      },
    },
  })
  const first = all.openTab()
  await all.clock.advance(100)
  await first.blobs.put(text('one'), { id: 'one' })
  await settled()
  const second = all.openTab()
  await all.clock.advance(500)
  const view = second.blobs.blob('one').getSnapshot()
  expect(view).toEqual(first.blobs.blob('one').getSnapshot())
  expect(view).toMatchObject({ phase: 'transferring', attempt: 1, progress: { bytes: 7 } })
  open()
  await during(all, second.blobs.idle())
  expect(second.blobs.blob('one').getSnapshot()).toMatchObject({ status: 'SYNCED', progress: null })
})

test('a follower tells its listeners and its observers what happens elsewhere', async () => {
  const all = browser()
  const [leader, follower] = three(all)
  await all.clock.advance(100)
  const events: string[] = []
  const names: readonly (keyof BlobSyncEvents)[] = ['blob.added', 'blob.synced', 'blob.deleted']
  for (const name of names) follower.blobs.on(name, () => events.push(name))
  const views: BlobView['status'][] = []
  const stop = follower.blobs.blob('one').subscribe(({ status }) => views.push(status))
  let snapshots = 0
  follower.blobs.subscribe(() => (snapshots += 1))
  await during(all, leader.blobs.put(text('one'), { id: 'one' }))
  await during(all, leader.blobs.idle())
  await during(all, leader.blobs.delete('one'))
  await during(all, leader.blobs.sync())
  await during(all, leader.blobs.sync())
  await all.clock.advance(100)
  stop()
  expect(events).toEqual(['blob.added', 'blob.synced', 'blob.deleted'])
  expect([...new Set(views)]).toEqual(['DELETED', 'PENDING_UPLOAD', 'SYNCED', 'PENDING_DELETE'])
  expect(snapshots).toBeGreaterThan(2)
})

test('a change of one of 10,000 blobs is told as one, however many there are', async () => {
  const all = browser()
  const [leader] = three(all)
  await all.clock.advance(100)
  leader.blobs.pause()
  for (let n = 0; n < 10_000; n += 100)
    await Promise.all(Array.from({ length: 100 }, (_, k) => leader.blobs.put(text('x'), { id: `b${n + k}` })))
  await settled()
  const before = all.posted.length
  await leader.blobs.setPriority('b77', 'high')
  await settled()
  const told = JSON.stringify(all.posted.slice(before))
  expect(told.length).toBeLessThan(3_000)
  expect(Math.max(...all.posted.map((message) => JSON.stringify(message).length))).toBeLessThan(500 * 1_000)
})

test('a tab alone tells nobody anything but who it is', async () => {
  const all = browser()
  const only = all.openTab()
  await all.clock.advance(100)
  for (let n = 0; n < 20; n += 1) await only.blobs.put(text('x'), { id: `b${n}` })
  await during(all, only.blobs.idle())
  expect(new Set(all.posted.map((message) => JSON.stringify(message).slice(0, 15)))).toEqual(
    new Set(['{"kind":"ping",', '{"kind":"leads"']),
  )
  expect(all.posted.length).toBeLessThan(5)
})

test('what does not decode is from no tab, and harms nobody; a request that is not understood is answered', async () => {
  const all = browser()
  const [leader, follower] = three(all)
  await all.clock.advance(100)
  const answers: unknown[] = []
  const stranger = all.page().tabs.open(channelName(all), (message) => answers.push(message))
  for (const message of [
    null,
    7,
    'ping',
    { kind: 'ping' },
    { kind: 'changed', epoch: 99, told: 1 },
    { kind: 'leads', epoch: '9', told: 0, to: null },
  ])
    stranger.post(message)
  stranger.post({ kind: 'asked', from: 'x', request: 'r1', verb: 'delete', args: ['../..', 'default'] })
  stranger.post({ kind: 'asked', from: 'x', request: 'r2', verb: 'toString', args: null })
  await all.clock.advance(1_000)
  expect(answers).toContainEqual(
    expect.objectContaining({ kind: 'answered', request: 'r1', failure: expect.objectContaining({ _tag: 'Corrupt' }) }),
  )
  expect(answers).not.toContainEqual(expect.objectContaining({ request: 'r2' }))
  await during(all, follower.blobs.put(text('one'), { id: 'one' }))
  await during(all, follower.blobs.idle())
  expect(leader.blobs.blob('one').getSnapshot().status).toBe('SYNCED')
})

test('a failure that the leader meets reaches the follower as data', async () => {
  const remote = troubled(memoryRemote(), () => failure('Unreachable', 'The line is cut.'))
  const all = browser({ remote })
  const [, follower] = three(all)
  await all.clock.advance(100)
  expect(await reasonOf(during(all, follower.blobs.get('far')))).toBe('Unreachable')
})

test('close lets go of the lock, the channel and every timer', async () => {
  const all = browser()
  const tabs = three(all)
  await all.clock.advance(100)
  const waiting = reasonOf(tabs[1].blobs.get('nothing'))
  for (const { blobs } of tabs) await during(all, blobs.close())
  expect(['Aborted', 'NotFound']).toContain(await waiting)
  const after = all.posted.length
  await all.clock.advance(60_000)
  expect(all.posted.length).toBe(after)
  expect(all.clock.pending()).toBe(0)
  expect(all.isFree()).toBe(true)
  const next = all.openTab()
  await all.clock.advance(100)
  expect(leaders([next])).toHaveLength(1)
})

test('a store that is not shared asks no other tab, and its device is alone', async () => {
  let asked = 0
  const tabs: Tabs = { open: () => ((asked += 1), { post: () => {}, close: () => {} }) }
  const blobs = device({ store: memoryStore(newMemory()), tabs })
  await blobs.put(text('one'), { id: 'one' })
  expect(asked).toBe(0)
  expect(blobs.actor.getSnapshot().value.leadership).toBe('alone')
})

test('an incoming box is emptied by the tab that leads, and by the next one after it', async () => {
  const rows = remoteMemory()
  const all = browser({ rows, remote: memoryRemote({ memory: rows }) })
  const tabs = three(all)
  await all.clock.advance(100)
  const saved: string[] = []
  const boxes = tabs.map(({ blobs }, at) =>
    blobs.incoming({ process: async ({ id }) => id, save: async (id) => void saved.push(`${id} by ${at}`), pollMs: 1_000 }),
  )
  const sender = device({ remote: memoryRemote({ memory: rows }) })
  const deliver = async (id: string) => {
    await sender.put(text('mail'), { id, namespace: 'MX' })
    await sender.idle()
    for (const { blobs, flags } of rows.namespaces.values()) for (const each of blobs.keys()) flags.set(each, ['PENDING'])
  }
  await deliver('mail1')
  await all.clock.advance(1_500)
  tabs[0].crash()
  await deliver('mail2')
  await all.clock.advance(4_000)
  expect(saved[0]).toBe('mail1 by 0')
  expect(saved[1]).toMatch(/^mail2 by [12]$/)
  expect(saved).toHaveLength(2)
  for (const box of boxes.slice(1)) box.stop()
})

const channelName = ({ memory }: ReturnType<typeof browser>) => `blobsync 1 ${memory.name}`
