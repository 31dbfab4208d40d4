import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { expect, onTestFinished, test, vi } from 'vitest'
import { bytesPayload, type Payload } from '../../src/model/payload'
import { idbStore } from '../../src/store/idb'
import { opfsStore, type OpfsStoreOptions } from '../../src/store/opfs'
import type { Store } from '../../src/store/store'
import { bytesOf, done, failed, idsIn, key, keysOf, payloadOf, recordOf } from './idb-ground'
import { filesOf, folderOf, putFile } from './opfs-ground'

const LARGE = 1_500_000

const open = (name: string, options?: OpfsStoreOptions): Store => {
  const store = opfsStore(name, options)
  onTestFinished(() => done(store.close()))
  return store
}

/** The browser compares keys faster than a matcher does arrays. */
const isSame = (found: Uint8Array | null, expected: Uint8Array) => found !== null && indexedDB.cmp(found, expected) === 0

const expectPayload = async (store: Store, id: string, expected: Uint8Array) =>
  expect(isSame(await payloadOf(store, id), expected), `the payload of ${id}`).toBe(true)

const write = (store: Store, id: string, sizeBytes: number, seed = 1) =>
  store.write(recordOf(id, { sizeBytes }), bytesPayload(bytesOf(sizeBytes, seed)))

const lead = (store: Store) => done(store.shared!.lead(() => {}))

/** What a leader's start clears away is gone when this resolves. */
const leadAndClose = async (name: string) => {
  const store = opfsStore(name)
  await lead(store)
  await done(store.close())
}

/** A payload whose bytes from a place on are not given before `release`. */
const heldUp = (whole: Uint8Array<ArrayBuffer>, fromByte: number) => {
  let release = () => {}
  let reach = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const payload: Payload = {
    ...bytesPayload(whole),
    read:
      (from = 0, to = whole.length) =>
      async () => {
        if (to > fromByte) {
          reach()
          await released
        }
        return E.right(whole.slice(from, to))
      },
  }
  return { payload, reached, release }
}

for (const worker of [true, false]) {
  const where = worker ? 'in a worker' : 'on the page'

  test(`${where}: small payloads are never files, each large one is one file`, async () => {
    const name = crypto.randomUUID()
    const store = open(name, { worker })
    await Promise.all(Array.from({ length: 100 }, (_, index) => done(write(store, `small-${index}`, 10_000))))
    expect((await filesOf(name)).size).toBe(0)
    await done(write(store, 'at-the-border', 512 * 1024))
    expect((await filesOf(name)).size).toBe(0)
    await done(write(store, 'large', 512 * 1024 + 1))
    const [file] = (await filesOf(name)).values()
    expect(isSame(new Uint8Array(await (await file!.getFile()).arrayBuffer()), bytesOf(512 * 1024 + 1))).toBe(true)
  })

  test(`${where}: what is replaced, dropped, removed or discarded leaves no file`, async () => {
    const name = crypto.randomUUID()
    const store = open(name, { worker })
    for (const id of ['a', 'b', 'c', 'd']) await done(write(store, id, LARGE))
    await done(write(store, 'a', LARGE, 2))
    expect((await filesOf(name)).size).toBe(4)
    await done(write(store, 'a', 10))
    await done(store.drop(recordOf('b', { isHere: false })))
    await done(store.remove([key('c')]))
    await done(store.shared!.add(recordOf('d'), bytesPayload(bytesOf(10)), () => true))
    const staging = await done(store.stage(key('e')))
    await done(staging.append(bytesOf(LARGE)))
    expect((await filesOf(name)).size).toBe(1)
    await done(staging.discard())
    expect((await filesOf(name)).size).toBe(0)
    await done(store.shared!.add(recordOf('d'), bytesPayload(bytesOf(LARGE)), () => false))
    expect((await filesOf(name)).size).toBe(0)
    await expectPayload(store, 'd', bytesOf(10))
  })

  test(`${where}: a small payload that replaces a large one of an earlier run leaves no file`, async () => {
    const name = crypto.randomUUID()
    const before = opfsStore(name, { worker })
    await done(write(before, 'a', LARGE))
    await done(before.close())
    await done(write(open(name, { worker }), 'a', 10))
    expect((await filesOf(name)).size).toBe(0)
  })

  test(`${where}: many large payloads and stagings at once all arrive`, async () => {
    const name = crypto.randomUUID()
    const store = open(name, { worker })
    const stagings = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => ({ id: `s${index}`, staging: await done(store.stage(key(`s${index}`))) })),
    )
    await Promise.all([
      ...Array.from({ length: 40 }, (_, index) => done(write(store, `w${index}`, 600_000 + index, index))),
      ...stagings.map(async ({ id, staging }, index) => {
        const whole = bytesOf(3_000_000, index)
        for (let from = 0; from < whole.length; from += 300_000) await done(staging.append(whole.slice(from, from + 300_000)))
        await done(staging.commit(recordOf(id)))
      }),
    ])
    for (let index = 0; index < 40; index += 1) await expectPayload(store, `w${index}`, bytesOf(600_000 + index, index))
    for (let index = 0; index < 12; index += 1) await expectPayload(store, `s${index}`, bytesOf(3_000_000, index))
    expect((await filesOf(name)).size).toBe(52)
  })

  test(`${where}: handles that the browser might collect as garbage are answered`, async () => {
    const store = open(crypto.randomUUID(), { worker })
    const whole = bytesOf(2_000_000)
    for (let round = 0; round < 10; round += 1) {
      const ids = Array.from({ length: 24 }, (_, index) => `${round}-${index}`)
      await Promise.all(ids.map((id) => done(store.write(recordOf(id), bytesPayload(whole)))))
      for (const found of await Promise.all(ids.map((id) => payloadOf(store, id)))) expect(isSame(found, whole)).toBe(true)
      await done(store.remove(ids.map(key)))
    }
  })

  test(`${where}: once the files of the site were cleared, what was in them is Corrupt, and new ones are written`, async () => {
    const name = crypto.randomUUID()
    const store = open(name, { worker })
    await done(write(store, 'a', LARGE))
    const { name: folder } = await folderOf(name)
    await (await navigator.storage.getDirectory()).removeEntry(folder, { recursive: true })
    const failure = await failed(store.read(key('a')))
    expect(failure._tag).toBe('Corrupt')
    expect(failure.message).toContain('its file is gone')
    await done(write(store, 'b', LARGE))
    await done(write(store, 'a', LARGE, 2))
    await expectPayload(store, 'b', bytesOf(LARGE))
    await expectPayload(store, 'a', bytesOf(LARGE, 2))
  })
}

test('a large payload is read in parts of a mebibyte, one after the other, and never as a whole', async () => {
  const asked: number[] = []
  let underWay = 0
  const whole = bytesOf(10_000_000)
  const payload: Payload = {
    sizeBytes: whole.length,
    read:
      (from = 0, to = whole.length) =>
      async () => {
        asked.push(to - from)
        underWay += 1
        expect(underWay).toBe(1)
        await Promise.resolve()
        underWay -= 1
        return E.right(whole.subarray(from, to))
      },
    blob: () => {
      throw new Error('nobody needs all of it')
    },
  }
  const store = open(crypto.randomUUID())
  await done(store.write(recordOf('a'), payload))
  expect(Math.max(...asked)).toBe(1 << 20)
  await expectPayload(store, 'a', whole)
  // What was given is still the caller's.
  expect(isSame(whole, bytesOf(10_000_000))).toBe(true)
})

test('a payload in a file is read when it is asked for; once it is removed it is Corrupt', async () => {
  const store = open(crypto.randomUUID())
  await done(write(store, 'a', LARGE))
  const found = await done(store.read(key('a')))
  if (found._tag === 'None') throw new Error('It should be there.')
  const blob = await done(found.value.blob())
  expect([blob.size, blob.type, blob instanceof File]).toEqual([LARGE, '', false])
  expect(new Uint8Array(await blob.slice(100, 200).arrayBuffer())).toEqual(bytesOf(LARGE).slice(100, 200))
  await done(store.remove([key('a')]))
  expect((await failed(found.value.read()))._tag).toBe('Corrupt')
})

test('a file that has another size than its record says is Corrupt, and the rest goes on', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  await done(write(store, 'a', LARGE))
  const [file] = (await filesOf(name)).keys()
  await putFile(name, file!, 'cut short')
  await done(write(store, 'b', LARGE))
  const failure = await failed(store.read(key('a')))
  expect(failure._tag).toBe('Corrupt')
  expect(failure.message).toContain(`9 bytes instead of ${LARGE}`)
  await expectPayload(store, 'b', bytesOf(LARGE))
})

test('who begins to lead clears away the files of tabs that are gone, and nothing else', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  await done(write(store, 'a', LARGE))
  const [own] = (await filesOf(name)).keys()
  const lockOf = (owner: string) => `blobsync:files:${owner}`
  const [gone, living] = [crypto.randomUUID(), crypto.randomUUID()]
  let end = () => {}
  const life = navigator.locks.request(lockOf(living), () => new Promise<void>((resolve) => (end = resolve)))
  await putFile(name, `${gone}-0`, 'half')
  await putFile(name, `${gone}-1`, 'half')
  await putFile(name, `${living}-0`, 'being written')
  await putFile(name, 'notes.txt', 'of the app')
  await leadAndClose(name)
  expect(new Set((await filesOf(name)).keys())).toEqual(new Set([own, `${living}-0`, 'notes.txt']))
  end()
  await life
  await leadAndClose(name)
  expect(new Set((await filesOf(name)).keys())).toEqual(new Set([own, 'notes.txt']))
  await expectPayload(store, 'a', bytesOf(LARGE))
})

test('the files of a store that was closed stay, since records name them', async () => {
  const name = crypto.randomUUID()
  const before = opfsStore(name)
  await done(write(before, 'a', LARGE))
  await done(before.close())
  await leadAndClose(name)
  await expectPayload(open(name), 'a', bytesOf(LARGE))
})

test('what another tab is writing while one begins to lead is kept', async () => {
  const name = crypto.randomUUID()
  const other = open(name)
  const { payload, reached, release } = heldUp(bytesOf(3_000_000), 2_000_000)
  const adding = other.shared!.add(recordOf('a'), payload, () => true)()
  await reached
  await expect.poll(async () => (await filesOf(name)).size).toBe(1)
  await leadAndClose(name)
  release()
  expect((await adding)._tag).toBe('Right')
  await expectPayload(open(name), 'a', bytesOf(3_000_000))
})

test('a leader that was deposed while it wrote a file changes nothing and leaves no file', async () => {
  const name = crypto.randomUUID()
  const old = open(name)
  await lead(old)
  await done(write(old, 'a', LARGE))
  const { payload, reached, release } = heldUp(bytesOf(3_000_000), 2_000_000)
  const writing = old.write(recordOf('a', { changedAtMs: 9 }), payload)()
  await reached
  await lead(open(name))
  release()
  expect((await writing)._tag).toBe('Left')
  expect((await filesOf(name)).size).toBe(1)
  await expectPayload(old, 'a', bytesOf(LARGE))
})

test('after close nothing is held: no lock, no worker', async () => {
  const ended = vi.spyOn(Worker.prototype, 'terminate')
  onTestFinished(() => ended.mockRestore())
  const name = crypto.randomUUID()
  const before = new Set((await navigator.locks.query()).held?.map((lock) => lock.name))
  const store = opfsStore(name)
  await done(write(store, 'a', LARGE))
  const own = (await navigator.locks.query()).held?.filter((lock) => !before.has(lock.name)).map((lock) => lock.name)
  expect(own?.some((lock) => lock?.startsWith('blobsync:files:'))).toBe(true)
  await done(store.close())
  expect(ended).toHaveBeenCalledTimes(1)
  await expect.poll(async () => (await navigator.locks.query()).held?.filter((lock) => own?.includes(lock.name))).toEqual([])
})

test('large payloads are written by a worker with a sync handle, not by the page', async () => {
  const onPage = vi.spyOn(FileSystemFileHandle.prototype, 'createWritable')
  onTestFinished(() => onPage.mockRestore())
  await done(write(open(crypto.randomUUID()), 'a', LARGE))
  expect(onPage).not.toHaveBeenCalled()
  await done(write(open(crypto.randomUUID(), { worker: false }), 'a', LARGE))
  expect(onPage).toHaveBeenCalledTimes(1)
})

/** Each way in which a browser or a page refuses the worker. */
const refusals: Readonly<Record<string, () => void>> = {
  'throws at once': () => {
    vi.stubGlobal('Worker', () => {
      throw new DOMException('not allowed', 'SecurityError')
    })
  },
  'has no sync handles in it': () => {
    const Original = Blob
    vi.stubGlobal(
      'Blob',
      class extends Original {
        constructor(parts: BlobPart[], options: BlobPropertyBag) {
          super(['delete FileSystemFileHandle.prototype.createSyncAccessHandle;', ...parts], options)
        }
      },
    )
  },
}
for (const [how, refuse] of Object.entries(refusals)) {
  test(`where the browser ${how}, the page writes the files`, async () => {
    onTestFinished(() => void vi.unstubAllGlobals())
    refuse()
    const store = open(crypto.randomUUID())
    await done(write(store, 'a', LARGE))
    vi.unstubAllGlobals()
    await expectPayload(store, 'a', bytesOf(LARGE))
  })
}

test('where the policy of a page forbids such workers, the page writes the files', async () => {
  const frame = document.createElement('iframe')
  onTestFinished(() => frame.remove())
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="worker-src 'self'"><p></p>`
  await new Promise((loaded) => {
    frame.addEventListener('load', loaded)
    document.body.append(frame)
  })
  const module = new URL('../../src/store/opfs.ts', import.meta.url).href
  const { eval: run } = frame.contentWindow as unknown as {
    readonly eval: (code: string) => Promise<typeof import('../../src/store/opfs')>
  }
  const within = await run(`import('${module}')`)
  const name = crypto.randomUUID()
  const store = within.opfsStore(name)
  await done(write(store, 'a', LARGE))
  await done(store.close())
  await expectPayload(open(name), 'a', bytesOf(LARGE))
})

test('where the browser keeps no files for the page, the store says so at its start and names the other one', async () => {
  const refused = vi.spyOn(StorageManager.prototype, 'getDirectory').mockRejectedValue(new DOMException('no', 'SecurityError'))
  const store = open(crypto.randomUUID())
  for (const call of [store.records(), write(store, 'a', LARGE)]) {
    const failure = await failed(call)
    expect(failure._tag).toBe('StorageBroken')
    expect(failure.message).toContain('use idbStore')
  }
  refused.mockRestore()
  expect(await idsIn(store)).toEqual([])
  await done(write(store, 'a', LARGE))
})

test('an app that goes over from idbStore finds its blobs', async () => {
  const name = crypto.randomUUID()
  const before = idbStore(name)
  const sizes = [10, 70_000, LARGE]
  for (const sizeBytes of sizes) await done(write(before, `b${sizeBytes}`, sizeBytes))
  const staging = await done(before.stage(key('unfinished')))
  await done(staging.append(bytesOf(5_000_000)))
  const after = open(name)
  expect(after.shared!.name).toBe(before.shared!.name)
  await lead(after)
  for (const sizeBytes of sizes) await expectPayload(after, `b${sizeBytes}`, bytesOf(sizeBytes))
  expect(await keysOf(name, 's/')).toEqual([])
  await done(before.close())
})

test('where neither a worker nor the page can write files, every write says so, and the store closes', async () => {
  const files = FileSystemFileHandle.prototype
  const descriptor = Object.getOwnPropertyDescriptor(files, 'createWritable')!
  Reflect.deleteProperty(files, 'createWritable')
  onTestFinished(() => void Object.defineProperty(files, 'createWritable', descriptor))
  const store = open(crypto.randomUUID(), { worker: false })
  for (const id of ['a', 'b']) {
    const { _tag, message } = await failed(write(store, id, LARGE))
    expect([_tag, message.includes('only in a worker')]).toEqual(['StorageBroken', true])
  }
})

for (const worker of [true, false])
  test(`who begins to lead leaves the files of what is kept, and clears them away once it is forgotten, written ${worker ? 'in a worker' : 'on the page'}`, async () => {
    const name = crypto.randomUUID()
    const whole = bytesOf(3 * LARGE)
    const kept = (plaintextBytes: number) =>
      recordOf('a', {
        status: 'PENDING_DOWNLOAD',
        isHere: false,
        download: { checkpoint: { seal: 's', encryptedBytes: plaintextBytes, plaintextBytes }, sizeBytes: 9_000_000, tag: null },
      })
    for (const [run, at] of [LARGE, 2 * LARGE].entries()) {
      const store = opfsStore(name, { worker })
      await lead(store)
      const staging =
        run === 0 ? O.some(await done(store.keeping!.stage(key('a')))) : await done(store.keeping!.restage(key('a'), at - LARGE))
      if (O.isNone(staging)) throw new Error('Nothing is kept.')
      await done(staging.value.append(whole.slice(at - LARGE, at)))
      await done(staging.value.keep(kept(at)))
      await done(staging.value.append(whole.slice(at, at + 100_000)))
      await done(store.close())
      await leadAndClose(name)
    }
    expect((await filesOf(name)).size).toBe(2)
    const store = open(name, { worker })
    await lead(store)
    const last = await done(store.keeping!.restage(key('a'), 2 * LARGE))
    if (O.isNone(last)) throw new Error('Nothing is kept.')
    await done(last.value.append(whole.slice(2 * LARGE)))
    await done(last.value.commit(recordOf('a', { sizeBytes: whole.length })))
    await leadAndClose(name)
    await expectPayload(open(name), 'a', whole)
    expect((await filesOf(name)).size).toBe(3)
    await lead(store)
    const again = await done(store.keeping!.stage(key('a')))
    await done(again.append(whole.slice(0, LARGE)))
    await done(again.keep(kept(LARGE)))
    await done(again.leave())
    await done(store.remember([{ ...kept(LARGE), download: null }]))
    await leadAndClose(name)
    expect((await filesOf(name)).size).toBe(3)
    await lead(store)
    await done(store.remove([key('a')]))
    await expect.poll(async () => (await filesOf(name)).size).toBe(0)
  })
