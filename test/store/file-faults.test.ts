import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../../src/model/failure'
import { blobKey, type BlobKey } from '../../src/model/ids'
import { bytesPayload } from '../../src/model/payload'
import { newRecord, type BlobRecord } from '../../src/model/record'
import { storageFailure } from '../../src/store/file-failure'
import { fileStore, readFileRecords } from '../../src/store/file'
import { nodeFileLayer, type FileLayer } from '../../src/store/file-layer'
import type { Store } from '../../src/store/store'
import { faultyFileLayer, systemError, type FileCall } from '../../src/testing/faulty-file-layer'

const root = await mkdtemp(join(tmpdir(), 'blobsync-faults-'))
afterAll(() => rm(root, { recursive: true }))
let count = 0
const freshFolder = () => join(root, String(++count))

const must = async <A>(task: TaskEither<Failure, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw new Error(`${result.left._tag}: ${result.left.message}`)
  return result.right
}
const failing = async (task: TaskEither<Failure, unknown>): Promise<Failure> => {
  const result = await task()
  if (E.isRight(result)) throw new Error('it did not fail')
  return result.left
}
const key = (id: string): BlobKey => {
  const made = blobKey(id)
  if (E.isLeft(made)) throw new Error(made.left.message)
  return made.right
}
const recordOf = (id: string, changedAtMs: number): BlobRecord =>
  newRecord({ ...key(id), status: 'PENDING_UPLOAD', isHere: true, changedAtMs })
const content = (size: number, fill: number) => bytesPayload(new Uint8Array(size).fill(fill))

const payloadOf = async (store: Store, id: string) => {
  const payload = await must(store.read(key(id)))
  return O.isNone(payload) ? null : must(payload.value.read())
}
const filesIn = async (directory: string) => {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  return names.filter((name) => name.isFile() && name.parentPath.endsWith('payloads')).map((name) => name.name)
}

/** A fault that is off until it is armed; then the named call fails each time until it is disarmed. */
const switchable = (code: Parameters<typeof systemError>[0]) => {
  let armed: FileCall | null = null
  let struck = 0
  const layer = faultyFileLayer((call) => {
    if (call !== armed) return null
    struck++
    return systemError(code)
  })
  return { layer, arm: (call: FileCall) => (armed = call), disarm: () => (armed = null), struck: () => struck }
}

const shapes = [
  { name: 'a small payload', size: 1_000, calls: ['transact', 'commit'] },
  {
    name: 'a large payload',
    size: 400_000,
    calls: ['create', 'append', 'sync', 'close', 'syncFolder', 'transact', 'commit'],
  },
] as const
const codes = [
  ['ENOSPC', 'StorageFull'],
  ['EIO', 'StorageBroken'],
] as const

for (const { name, size, calls } of shapes)
  for (const call of calls)
    for (const [code, tag] of codes)
      for (const way of ['written', 'staged'] as const)
        test(`${name} that is ${way} while ${call} fails as ${code} is ${tag}, and what was there stays`, async () => {
          const directory = freshFolder()
          const fault = switchable(code)
          const store = fileStore(directory, { layer: fault.layer })
          // A small old payload needs no folder yet, so that the first large one has to make it.
          await must(store.write(recordOf('a', 1), content(500, 1)))

          const replace = (): TaskEither<Failure, void> => async () => {
            if (way === 'written') return store.write(recordOf('a', 2), content(size, 2))()
            const staging = await must(store.stage(key('a')))
            for (const _ of [1, 2, 3, 4]) {
              const appended = await staging.append(new Uint8Array(size / 4).fill(2))()
              if (E.isLeft(appended)) return appended
            }
            return staging.commit(recordOf('a', 2))()
          }
          fault.arm(call)
          expect((await failing(replace()))._tag).toBe(tag)
          expect(fault.struck()).toBeGreaterThan(0)
          expect(await payloadOf(store, 'a')).toEqual(new Uint8Array(500).fill(1))
          expect(await must(store.record(key('a')))).toEqual(O.some(recordOf('a', 1)))

          fault.disarm()
          await must(replace())
          expect(await payloadOf(store, 'a')).toEqual(new Uint8Array(size).fill(2))
          await must(store.close())

          const reopened = fileStore(directory)
          expect(await payloadOf(reopened, 'a')).toEqual(new Uint8Array(size).fill(2))
          expect(await filesIn(directory)).toHaveLength(size > 262_144 ? 1 : 0)
          await must(reopened.close())
        })

test('every error of the system is the failure that it means', () => {
  const tags = (['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EACCES', 'EMFILE'] as const).map(
    (code) => storageFailure('x', systemError(code))._tag,
  )
  expect(tags).toEqual(['StorageFull', 'StorageFull', 'StorageBroken', 'StorageBroken', 'StorageBroken', 'StorageBroken'])
  expect(storageFailure('x', 'not even an error')).toMatchObject({ _tag: 'StorageBroken' })
})

test('a store that could not be opened holds no file open', async () => {
  let open = 0
  const counting: FileLayer = {
    ...nodeFileLayer,
    openLog: async (path) => {
      const log = await nodeFileLayer.openLog(path)
      open += 1
      return { ...log, close: () => ((open -= 1), log.close()) }
    },
  }
  let isBroken = true
  const layer = faultyFileLayer((call) => (isBroken && call === 'syncFolder' ? systemError('EIO') : null), counting)
  const store = fileStore(freshFolder(), { layer })
  for (const _ of [1, 2]) await failing(store.records())
  expect(open).toBe(0)
  isBroken = false
  await must(store.records())
  expect(open).toBe(1)
  await must(store.close())
  expect(open).toBe(0)
})

for (const call of ['makeFolder', 'openDatabase', 'list', 'syncFolder'] as const)
  test(`a store that cannot be opened because ${call} fails is tried again by the next call`, async () => {
    const fault = switchable('EIO')
    const store = fileStore(freshFolder(), { layer: fault.layer })
    fault.arm(call)
    expect((await failing(store.records()))._tag).toBe('StorageBroken')
    fault.disarm()
    expect(await must(store.records())).toEqual([])
    await must(store.close())
  })

test('a full disk takes the records of a group together or not at all', async () => {
  const fault = switchable('ENOSPC')
  const store = fileStore(freshFolder(), { layer: fault.layer })
  await must(store.records())
  fault.arm('commit')
  const ids = ['a', 'b', 'c']
  const results = await Promise.all(ids.map((id) => failing(store.remember([recordOf(id, 1)]))))
  expect(results.map((result) => result._tag)).toEqual(['StorageFull', 'StorageFull', 'StorageFull'])
  expect(await must(store.records())).toEqual([])
  fault.disarm()
  await must(store.remember(ids.map((id) => recordOf(id, 1))))
  expect(await must(store.records())).toHaveLength(3)
  await must(store.close())
})

test('writes of one turn share one transaction', async () => {
  let transactions = 0
  const layer = faultyFileLayer((call) => {
    if (call === 'transact') transactions++
    return null
  })
  const store = fileStore(freshFolder(), { layer })
  await must(store.records())
  await Promise.all(Array.from({ length: 50 }, (_, index) => must(store.remember([recordOf(`b${index}`, 1)]))))
  expect(transactions).toBe(1)
  await must(store.close())
})

test('SQLite itself running out of room is StorageFull, and what was there stays', async () => {
  const directory = freshFolder()
  const databases: DatabaseSync[] = []
  const plain = faultyFileLayer(() => null)
  const layer = {
    ...plain,
    openDatabase: (path: string, isReadOnly: boolean) => {
      const database = plain.openDatabase(path, isReadOnly)
      databases.push(database)
      return database
    },
  }
  const store = fileStore(directory, { layer })
  await must(store.write(recordOf('a', 1), content(100, 1)))
  for (const database of databases.slice(1)) database.exec('PRAGMA max_page_count = 12')
  expect((await failing(store.write(recordOf('a', 2), content(200_000, 2))))._tag).toBe('StorageFull')
  expect(await payloadOf(store, 'a')).toEqual(new Uint8Array(100).fill(1))
  for (const database of databases.slice(1)) database.exec('PRAGMA max_page_count = 100000')
  await must(store.write(recordOf('a', 2), content(200_000, 2)))
  await must(store.close())
})

test('a payload whose file is gone is Corrupt, and its record stays readable', async () => {
  const directory = freshFolder()
  const store = fileStore(directory)
  await must(store.write(recordOf('a', 1), content(400_000, 1)))
  await rm(join(directory, 'payloads'), { recursive: true })
  const failure = await failing(store.read(key('a')))
  expect(failure._tag).toBe('Corrupt')
  expect(failure.message).toContain('gone')
  expect(await must(store.record(key('a')))).toEqual(O.some(recordOf('a', 1)))
  await must(store.close())
})

test('a payload whose file was cut short is Corrupt', async () => {
  const directory = freshFolder()
  const store = fileStore(directory)
  await must(store.write(recordOf('a', 1), content(400_000, 1)))
  const [file = ''] = await readdir(join(directory, 'payloads'))
  await writeFile(join(directory, 'payloads', file), 'short')
  expect((await failing(store.read(key('a'))))._tag).toBe('Corrupt')
  await must(store.close())
})

test('damaged records are reported one by one and can be replaced or removed', async () => {
  const directory = freshFolder()
  const store = fileStore(directory)
  await must(store.remember(['a', 'b', 'c', 'd'].map((id) => recordOf(id, 1))))
  await must(store.close())
  const database = new DatabaseSync(join(directory, 'blobs.db'))
  database.exec(`UPDATE blob SET record = '{"version":1' WHERE id = 'a'; UPDATE blob SET record = '{}' WHERE id = 'b'`)
  database.exec(`UPDATE blob SET record = (SELECT record FROM blob WHERE id = 'd') WHERE id = 'c'`)
  database.close()

  const reopened = fileStore(directory)
  const records = await must(reopened.records())
  expect(records.map((record) => (E.isLeft(record) ? record.left._tag : record.right.id))).toEqual([
    'Corrupt',
    'Corrupt',
    'Corrupt',
    'd',
  ])
  expect((await failing(reopened.record(key('a'))))._tag).toBe('Corrupt')
  await must(reopened.remember([recordOf('a', 2)]))
  await must(reopened.remove([key('b'), key('c')]))
  expect(await must(reopened.records())).toEqual([E.right(recordOf('a', 2)), E.right(recordOf('d', 1))])
  await must(reopened.close())
})

test('what a crash left behind is removed at the next start', async () => {
  const directory = freshFolder()
  const store = fileStore(directory)
  await must(store.write(recordOf('a', 1), content(400_000, 1)))
  await must(store.close())
  const [named] = await filesIn(directory)
  await writeFile(join(directory, 'payloads', `${'0e'.repeat(32)}-half`), 'half')
  await writeFile(join(directory, 'payloads', `${'0f'.repeat(32)}-nobody-names-it`), 'orphan')
  await writeFile(join(directory, 'payloads', '.DS_Store'), 'a desktop was here')

  const reopened = fileStore(directory)
  expect(await payloadOf(reopened, 'a')).toEqual(new Uint8Array(400_000).fill(1))
  expect((await filesIn(directory)).toSorted()).toEqual(['.DS_Store', named])
  await must(reopened.close())
})

describe('a folder that cannot be a store is StorageBroken and says what to do', () => {
  test('a file is in the way', async () => {
    const path = freshFolder()
    await writeFile(path, 'a file')
    const failure = await failing(fileStore(path).records())
    expect(failure).toMatchObject({ _tag: 'StorageBroken', message: expect.stringContaining('choose a folder') })
  })

  test('the database is none', async () => {
    const directory = freshFolder()
    await mkdir(directory)
    await writeFile(join(directory, 'blobs.db'), 'no database at all, but a text that is long enough'.repeat(100))
    const failure = await failing(fileStore(directory).records())
    expect(failure).toMatchObject({ _tag: 'StorageBroken', message: expect.stringContaining('choose another folder') })
    expect((await failing(readFileRecords(directory)))._tag).toBe('StorageBroken')
  })

  test('a newer version made it', async () => {
    const directory = freshFolder()
    await mkdir(directory)
    const database = new DatabaseSync(join(directory, 'blobs.db'))
    database.exec('PRAGMA user_version = 7')
    database.close()
    const failure = await failing(fileStore(directory).records())
    expect(failure).toMatchObject({ _tag: 'StorageBroken', message: expect.stringContaining('newer version') })
  })
})

test('a write whose log cannot be synced fails, and the next one succeeds', async () => {
  let isBroken = false
  const layer = faultyFileLayer((call) => (isBroken && call === 'syncLog' ? systemError('EIO') : null))
  const store = fileStore(freshFolder(), { layer })
  const record = recordOf('one', 3)
  expect(await store.records()()).toMatchObject({ _tag: 'Right' })
  isBroken = true
  expect(await store.write(record, content(3, 1))()).toMatchObject({ _tag: 'Left', left: { _tag: 'StorageBroken' } })
  isBroken = false
  expect(await store.write(record, content(3, 1))()).toMatchObject({ _tag: 'Right' })
  await must(store.close())
})

test('a large payload whose log cannot be synced on a full disk is not taken from the record that names it', async () => {
  const directory = freshFolder()
  let isFull = false
  const layer = faultyFileLayer((call) => (isFull && call === 'syncLog' ? systemError('ENOSPC') : null))
  const store = fileStore(directory, { layer })
  await must(store.records())
  isFull = true
  expect(await store.write(recordOf('large', 3), content(400_000, 1))()).toMatchObject({ left: { _tag: 'StorageFull' } })
  isFull = false
  await must(store.close())

  const next = fileStore(directory)
  expect((await must(next.records())).length).toBe((await filesIn(directory)).length)
  expect((await payloadOf(next, 'large'))?.length).toBe(400_000)
  await must(next.close())
})
