import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import * as E from 'fp-ts/Either'
import { bytesPayload } from '../../src/model/payload'
import { newRecord } from '../../src/model/record'
import { fileStore, readFileRecords } from '../../src/store/file'
import { bundled, startChild } from './child'
import { keyOf } from './steps'

const root = await mkdtemp(join(tmpdir(), 'blobsync-lock-'))
afterAll(() => rm(root, { recursive: true }))
const script = await bundled('holding-child', root)
const record = newRecord({ ...keyOf('a'), status: 'SYNCED', changedAtMs: 1 })

const firstLine = async (lines: AsyncIterable<string>) => {
  for await (const line of lines) return line
  return null
}

test('a second process is told at once who holds the store, and has it once that one was killed', async () => {
  const directory = join(root, 'processes')
  const child = startChild(script, directory)
  onTestFinished(child.kill)
  expect(await firstLine(child.lines)).toBe('Right')

  const store = fileStore(directory)
  const refused = await store.records()()
  expect(refused).toMatchObject({
    left: { _tag: 'StorageBroken', message: expect.stringContaining(`held by process ${child.process.pid}.`) },
  })
  expect(await readFileRecords(directory)()).toEqual(E.right([]))

  await child.kill()
  expect(await readFileRecords(directory)()).toEqual(E.right([]))
  expect(await store.records()()).toEqual(E.right([]))
  await store.close()()
})

test('a second store of the same process is told so', async () => {
  const directory = join(root, 'one-process')
  const [one, other] = [fileStore(directory), fileStore(directory)]
  await one.records()()
  expect(await other.records()()).toMatchObject({
    left: { _tag: 'StorageBroken', message: expect.stringContaining('which is this one') },
  })
  await one.close()()
  expect(await other.records()()).toEqual(E.right([]))
  await other.close()()
})

test('records are read beside an open store, after it closed, and where there is none', async () => {
  const directory = join(root, 'beside')
  expect(await readFileRecords(directory)()).toEqual(E.right([]))
  const store = fileStore(directory)
  await store.write(record, bytesPayload(new Uint8Array(1)))()
  expect(await readFileRecords(directory)()).toEqual(E.right([E.right(record)]))
  await store.remember([{ ...record, changedAtMs: 2 }])()
  expect(await readFileRecords(directory)()).toEqual(E.right([E.right({ ...record, changedAtMs: 2 })]))
  await store.close()()
  expect(await readFileRecords(directory)()).toEqual(E.right([E.right({ ...record, changedAtMs: 2 })]))

  const reopened = fileStore(directory)
  expect(await reopened.records()()).toEqual(E.right([E.right({ ...record, changedAtMs: 2 })]))
  await reopened.close()()
})
