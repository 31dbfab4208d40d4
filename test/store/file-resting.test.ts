import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { restsHere, type BlobRecord } from '../../src/model/record'
import { fileStore } from '../../src/store/file'
import { done, recordOf } from '../../src/testing/store-ground'
import { expectLeft, expectRight } from '../../src/testing/expect'
import { device, text } from '../blob-sync/device'
import { memoryRemote } from '../../src/remote/memory'

const folder = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blobsync-file-resting-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

const rested = (id: string, given: Partial<BlobRecord> = {}) => recordOf(id, { status: 'SYNCED', sizeBytes: 10, ...given })

const written = async (directory: string, records: readonly BlobRecord[]) => {
  const store = fileStore(directory)
  await done(store.remember(records))
  await done(store.close())
}

const withDatabase = <A>(directory: string, use: (database: DatabaseSync) => A): A => {
  const database = new DatabaseSync(join(directory, 'blobs.db'))
  try {
    return use(database)
  } finally {
    database.close()
  }
}

const opened = async (directory: string) => {
  const store = fileStore(directory)
  onTestFinished(async () => void (await store.close()()))
  const { resting } = store
  if (resting === undefined) throw new Error('it has the power')
  return { resting, ...(await done(resting.open())) }
}

test('a database of a version that knew nothing of this is counted', async () => {
  const directory = await folder()
  await written(directory, [rested('a'), rested('b'), recordOf('up')])
  withDatabase(directory, (database) => database.exec('DROP INDEX resting; DROP INDEX restless; DROP INDEX filed'))
  expect((await opened(directory)).counts).toEqual([{ namespace: 'default', blobs: 2, bytes: 20 }])
})

test('what a version that knows nothing of it writes is counted', async () => {
  const directory = await folder()
  await written(directory, [rested('a'), rested('b'), recordOf('up')])
  withDatabase(directory, (database) => {
    const write = database.prepare('UPDATE blob SET record = ? WHERE id = ?')
    write.run(JSON.stringify(rested('up')), 'up')
    write.run(JSON.stringify(recordOf('b')), 'b')
    database.prepare('INSERT INTO blob (namespace, id, record) VALUES (?, ?, ?)').run('default', 'c', JSON.stringify(rested('c')))
    database.prepare('DELETE FROM blob WHERE id = ?').run('a')
  })
  const { restless, counts } = await opened(directory)
  expect(restless.map((record) => expectRight(record, 'a record').id)).toEqual(['b'])
  expect(counts).toEqual([{ namespace: 'default', blobs: 2, bytes: 20 }])
})

test.for([
  ['cut off', (json: string) => json.slice(0, -5)],
  ['no JSON', (json: string) => `${json}}`],
  ['of a later version', (json: string) => json.replace('"version":1', '"version":2')],
  ['spaced out', (json: string) => JSON.stringify(JSON.parse(json), null, 1)],
] as const)('a record at rest that is %s is read when the store is opened', async ([how, spoil]) => {
  const directory = await folder()
  await written(directory, [rested('a'), rested('b')])
  withDatabase(directory, (database) =>
    database.prepare('UPDATE blob SET record = ? WHERE id = ?').run(spoil(JSON.stringify(rested('a'))), 'a'),
  )
  const { restless, counts } = await opened(directory)
  expect(counts).toEqual([{ namespace: 'default', blobs: 1, bytes: 10 }])
  const [first] = restless
  if (how === 'spaced out') expect(restsHere(expectRight(first ?? expect.fail(), 'the record'))).toBe(true)
  else expectLeft(first ?? expect.fail(), 'the record', 'Corrupt')
})

test('a record of another shape is told once when it is looked at, and another blob may take its place', async () => {
  const directory = await folder()
  await written(directory, [rested('a'), rested('b')])
  withDatabase(directory, (database) =>
    database.prepare('UPDATE blob SET record = ? WHERE id = ?').run(JSON.stringify({ ...rested('a'), priority: 7 }), 'a'),
  )
  const told: string[] = []
  const blobs = device({ store: fileStore(directory), remote: memoryRemote() })
  blobs.on('failure.reported', ({ message }) => told.push(message))
  await blobs.ready
  expect(told).toEqual([])
  expect(blobs.blob('a').getSnapshot().status).toBe('DELETED')
  expect(blobs.list().map(({ id }) => id)).toEqual(['b'])
  expect(told).toEqual([expect.stringContaining('default/a is damaged')])
  await blobs.put(text('anew'), { id: 'a' })
  expect(await (await blobs.get('a')).text()).toBe('anew')
})

test('opening and measuring the room go by the indexes', async () => {
  const directory = await folder()
  await written(directory, [rested('a')])
  withDatabase(directory, (database) => {
    const [made = ''] = database
      .prepare("SELECT sql FROM sqlite_master WHERE name = 'resting'")
      .all()
      .map(({ sql }) => String(sql))
    const [, bytes = '', where = ''] = /ON blob \(namespace, ([^]*)\) WHERE ([^]*)$/.exec(made) ?? []
    const plan = (sql: string) =>
      database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
    expect(
      plan(`SELECT namespace, count(*), total(${bytes}) FROM blob INDEXED BY resting WHERE ${where} GROUP BY namespace`),
    ).toEqual(['SCAN blob USING INDEX resting'])
    expect(plan(`SELECT record FROM blob INDEXED BY restless WHERE NOT ${where} ORDER BY number`)).toEqual([
      'SCAN blob USING INDEX restless',
    ])
    expect(plan('SELECT total(fileBytes) FROM blob WHERE file IS NOT NULL')).toEqual([
      'SEARCH blob USING COVERING INDEX filed (file>?)',
    ])
  })
})
