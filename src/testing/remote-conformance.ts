import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { CarriedFailure, failureCarriedBy } from '../model/carried-failure'
import { failure } from '../model/failure'
import type { Entry } from '../model/wire'
import type { Remote } from '../remote/remote'
import { batchCases } from './batch-conformance'
import type { Case } from './case'
import { changesCases } from './changes-conformance'
import { countCases } from './count-conformance'
import { expectBytes, expectEqual, expectLeft, expectNone, expectRight, expectSome, expectTrue } from './expect'
import { flagCases } from './flag-conformance'
import { rangeCases } from './range-conformance'
import { bytesOf, clean, get, groundOf, idOf, payload, put, tagOf, wholeList, type Ground } from './remote-ground'
import { resumableCases } from './resumable-conformance'

/**
 * What every remote promises; of the optional powers, what it declares. Each case opens the remote anew and works in a namespace of a random name, so that a server in use can be
 * checked too; it deletes what it put, and on servers that keep tombstones these remain.
 */
export const remoteConformance = (open: () => Promise<{ readonly remote: Remote }>): Case[] =>
  Object.entries({ ...cases, ...countCases, ...flagCases, ...batchCases, ...rangeCases, ...resumableCases, ...changesCases }).map(
    ([name, check]) => ({
      name,
      run: async () => {
        const { remote } = await open()
        const ground = groundOf(remote)
        try {
          await check(ground)
        } finally {
          await clean(ground)
        }
      },
    }),
  )

const cases: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  'a namespace that nobody used is empty': async ({ remote, key }) => {
    const page = await wholeList(remote, key('any'))
    expectEqual(page.entries.length, 0, 'entries')
    expectEqual(page.tombstones.length, 0, 'tombstones')
    expectEqual(page.corrupt.length, 0, 'corrupt items')
  },

  'what was put comes back byte for byte': async ({ remote, key }) => {
    for (const sizeBytes of [16, 753, 65_536, 300_001]) {
      const bytes = payload(sizeBytes)
      await put(remote, key(`blob-${sizeBytes}`), bytes)
      const download = await get(remote, key(`blob-${sizeBytes}`))
      if (download.sizeBytes !== null) expectEqual(download.sizeBytes, sizeBytes, 'size of the download')
      if (download.tag !== null) expectEqual(download.tag, tagOf(bytes), 'tag of the download')
      expectBytes(await bytesOf(download), bytes, `the ${sizeBytes} bytes of the download`)
    }
  },

  'a stream can be put, and its progress is told': async ({ remote, key }) => {
    const bytes = payload(200_000)
    const told: number[] = []
    const upload = { sizeBytes: bytes.length, body: new Blob([bytes]).stream(), onProgress: (sent: number) => told.push(sent) }
    expectRight(await remote.put(key('a'), upload)(), 'put of a stream')
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
    expectTrue(
      told.every((sent, index) => sent >= (told[index - 1] ?? 0)),
      'progress never goes back',
    )
    expectEqual(told.at(-1), bytes.length, 'the last progress')
  },

  'the progress of a whole array ends at its size': async ({ remote, key }) => {
    const bytes = payload(1000)
    const told: number[] = []
    expectRight(await remote.put(key('a'), { sizeBytes: 1000, body: bytes, onProgress: (sent) => told.push(sent) })(), 'put')
    expectEqual(told.at(-1), 1000, 'the last progress')
  },

  'the caller’s array is not changed, and may be changed after the put': async ({ remote, key }) => {
    const bytes = payload(1000)
    const mine = bytes.slice()
    await put(remote, key('a'), mine)
    expectBytes(mine, bytes, 'the caller’s array')
    mine.fill(0)
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'what was put is listed, with its true size and tag where the remote tells them': async ({ remote, key }) => {
    const bytes = payload(1234)
    await put(remote, key('a'), bytes)
    const { entries, tombstones } = await wholeList(remote, key('a'))
    expectEqual(entries.map(idOf), [key('a').id], 'listed ids')
    expectEqual(tombstones.length, 0, 'tombstones')
    expectTrueEntry(entries[0], bytes)
  },

  'fifty blobs put at once are all there and all listed': async ({ remote, key }) => {
    const ids = Array.from({ length: 50 }, (_, index) => `blob_${index}`)
    await Promise.all(ids.map((id, index) => put(remote, key(id), payload(100 + index))))
    const { entries } = await wholeList(remote, key('any'))
    expectEqual(entries.map(idOf).toSorted(), ids.toSorted(), 'listed ids')
    await Promise.all(
      ids.map(async (id, index) =>
        expectBytes(await bytesOf(await get(remote, key(id))), payload(100 + index), `the bytes of ${id}`),
      ),
    )
  },

  'stat tells a blob without its bytes': async ({ remote, key }) => {
    const bytes = payload(5000)
    await put(remote, key('a'), bytes)
    const entry = expectSome(expectRight(await remote.stat(key('a'))(), 'stat'), 'stat of a blob that is there')
    expectEqual(entry.id, key('a').id, 'id')
    expectTrueEntry(entry, bytes)
  },

  'what is not there is NotFound, and none for stat': async ({ remote, key }) => {
    expectLeft(await remote.get(key('missing'))(), 'get', 'NotFound')
    expectLeft(await remote.delete(key('missing'))(), 'delete', 'NotFound')
    expectNone(expectRight(await remote.stat(key('missing'))(), 'stat'), 'stat')
  },

  'an id that is taken is not overwritten, not even with the same bytes': async ({ remote, key }) => {
    const bytes = payload(500)
    await put(remote, key('a'), bytes)
    for (const other of [bytes, payload(400)]) {
      expectLeft(await remote.put(key('a'), { sizeBytes: other.length, body: other })(), 'the second put', 'Exists')
    }
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'of two puts of one id at once exactly one wins': async ({ remote, key }) => {
    const rivals = [payload(90_000), payload(80_000)]
    const outcomes = await Promise.all(rivals.map((body) => remote.put(key('a'), { sizeBytes: body.length, body })()))
    const winners = rivals.filter((_, index) => outcomes.some((outcome, place) => place === index && E.isRight(outcome)))
    expectEqual(winners.length, 1, 'winners')
    for (const outcome of outcomes)
      if (E.isLeft(outcome)) expectEqual<string>(outcome.left._tag, 'Exists', 'what the other is told')
    expectBytes(await bytesOf(await get(remote, key('a'))), winners[0] ?? payload(0), 'the download')
  },

  'what was deleted is gone and leaves a tombstone': async ({ remote, key }) => {
    await put(remote, key('a'), payload(100))
    await put(remote, key('b'), payload(100))
    expectRight(await remote.delete(key('a'))(), 'delete')
    expectLeft(await remote.get(key('a'))(), 'get', 'NotFound')
    expectNone(expectRight(await remote.stat(key('a'))(), 'stat'), 'stat')
    expectLeft(await remote.delete(key('a'))(), 'the second delete', 'NotFound')
    const { entries, tombstones } = await wholeList(remote, key('a'))
    expectEqual(entries.map(idOf), [key('b').id], 'listed ids')
    expectEqual(tombstones, [key('a').id], 'tombstones')
  },

  'an id that was deleted can be put again, with other bytes': async ({ remote, key }) => {
    await put(remote, key('a'), payload(100))
    expectRight(await remote.delete(key('a'))(), 'delete')
    const bytes = payload(222)
    await put(remote, key('a'), bytes)
    expectEqual((await wholeList(remote, key('a'))).entries.map(idOf), [key('a').id], 'listed ids')
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'namespaces do not know each other’s blobs': async ({ remote, key, otherKey }) => {
    const [bytes, otherBytes] = [payload(100), payload(200)]
    await put(remote, key('a'), bytes)
    await put(remote, otherKey('a'), otherBytes)
    expectRight(await remote.delete(key('a'))(), 'delete')
    expectBytes(await bytesOf(await get(remote, otherKey('a'))), otherBytes, 'the other namespace’s download')
    const other = await wholeList(remote, otherKey('a'))
    expectEqual(other.entries.map(idOf), [otherKey('a').id], 'the other namespace’s ids')
    expectEqual(other.tombstones.length, 0, 'the other namespace’s tombstones')
  },

  'ids differ in case, and may have 240 characters of each kind': async ({ remote, key }) => {
    const ids = ['a', 'A', '-', '_', '-_9z', 'x'.repeat(240), `${'x'.repeat(239)}X`]
    for (const [index, id] of ids.entries()) await put(remote, key(id), payload(50 + index))
    for (const [index, id] of ids.entries()) {
      expectBytes(await bytesOf(await get(remote, key(id))), payload(50 + index), `the bytes of ${id}`)
    }
    expectEqual((await wholeList(remote, key('a'))).entries.map(idOf).toSorted(), ids.toSorted(), 'listed ids')
  },

  'one blob is read by many at once': async ({ remote, key }) => {
    const bytes = payload(150_000)
    await put(remote, key('a'), bytes)
    const reads = Array.from({ length: 8 }, async () => bytesOf(await get(remote, key('a'))))
    for (const read of await Promise.all(reads)) expectBytes(read, bytes, 'a download')
  },

  'a body that is cancelled harms nothing': async ({ remote, key }) => {
    const bytes = payload(2_000_000)
    await put(remote, key('a'), bytes)
    await (await get(remote, key('a'))).body.cancel()
    const reader = (await get(remote, key('a'))).body.getReader()
    await reader.read()
    await reader.cancel()
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'a later download')
  },

  'an upload whose stream fails stores nothing, and fails as the stream did': async ({ remote, key }) => {
    const body = failingStream(payload(70_000))
    const left = expectLeft(await remote.put(key('a'), { sizeBytes: 140_000, body })(), 'put', 'StorageBroken')
    expectEqual(left.message, 'The disk is gone.', 'message')
    expectLeft(await remote.get(key('a'))(), 'get', 'NotFound')
  },

  'a stream shorter than announced stores nothing': async ({ remote, key }) => {
    const bytes = payload(1000)
    expectLeft(await remote.put(key('a'), { sizeBytes: 1001, body: new Blob([bytes]).stream() })(), 'put')
    expectLeft(await remote.get(key('a'))(), 'get', 'NotFound')
  },

  'a signal that has fired ends every call as Aborted': async ({ remote, key }) => {
    const bytes = payload(100)
    await put(remote, key('a'), bytes)
    const signal = AbortSignal.abort()
    expectLeft(await remote.list({ namespace: key('a').namespace, signal })(), 'list', 'Aborted')
    expectLeft(await remote.put(key('b'), { sizeBytes: 100, body: bytes, signal })(), 'put', 'Aborted')
    expectLeft(await remote.get(key('a'), { signal })(), 'get', 'Aborted')
    expectLeft(await remote.stat(key('a'), { signal })(), 'stat', 'Aborted')
    expectLeft(await remote.delete(key('a'), { signal })(), 'delete', 'Aborted')
    expectEqual((await wholeList(remote, key('a'))).entries.map(idOf), [key('a').id], 'listed ids')
  },

  'a signal that fires during an upload ends it as Aborted, and nothing is stored': async ({ remote, key }) => {
    const controller = new AbortController()
    const body = endlessStream(payload(1000), () => controller.abort())
    expectLeft(await remote.put(key('a'), { sizeBytes: 1_000_000, body, signal: controller.signal })(), 'put', 'Aborted')
    expectLeft(await remote.get(key('a'))(), 'get', 'NotFound')
  },

  'a signal that fires during a download errors its body as Aborted': async ({ remote, key }) => {
    await put(remote, key('a'), payload(4_000_000))
    const controller = new AbortController()
    const download = expectRight(await remote.get(key('a'), { signal: controller.signal })(), 'get')
    const reader = download.body.getReader()
    await reader.read()
    controller.abort()
    const thrown = await rejectionOf(async () => {
      while (!(await reader.read()).done);
    })
    expectEqual<string | undefined>(O.toUndefined(failureCarriedBy(thrown))?._tag, 'Aborted', 'what the body errors with')
  },

  'a call can be made again: each run of its task is a call of its own': async ({ remote, key }) => {
    const bytes = payload(64)
    const upload = remote.put(key('a'), { sizeBytes: 64, body: bytes })
    expectRight(await upload(), 'the first run')
    expectLeft(await upload(), 'the second run', 'Exists')
  },
}

const expectTrueEntry = (entry: Entry | undefined, bytes: Uint8Array) => {
  if (entry === undefined) throw new Error('there is no entry')
  if (entry.sizeBytes !== null) expectEqual(entry.sizeBytes, bytes.length, 'size of the entry')
  if (entry.tag !== null) expectEqual(entry.tag, tagOf(bytes), 'tag of the entry')
}

const failingStream = (bytes: Uint8Array): ReadableStream<Uint8Array> => {
  let wasGiven = false
  return new ReadableStream({
    pull: (controller) => {
      if (wasGiven) return controller.error(new CarriedFailure(failure('StorageBroken', 'The disk is gone.')))
      wasGiven = true
      controller.enqueue(bytes)
    },
  })
}

/** Gives one part, then nothing more until it is cancelled. */
const endlessStream = (part: Uint8Array, afterPart: () => void): ReadableStream<Uint8Array> => {
  let wasGiven = false
  return new ReadableStream(
    {
      pull: (controller) => {
        if (!wasGiven) return (controller.enqueue(part), void (wasGiven = true))
        afterPart()
        return new Promise(() => {})
      },
    },
    { highWaterMark: 0 },
  )
}

const rejectionOf = async (read: () => Promise<void>): Promise<unknown> => {
  try {
    await read()
  } catch (thrown) {
    return thrown
  }
  throw new Error('the body should have errored')
}
