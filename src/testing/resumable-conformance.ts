import * as E from 'fp-ts/Either'
import type { BlobKey } from '../model/ids'
import type { ResumablePower } from '../remote/remote'
import { expectBytes, expectEqual, expectLeft, expectNone, expectRight, expectSome, expectTrue } from './expect'
import { bytesOf, get, idOf, payload, put, tagOf, wholeList, type Ground } from './remote-ground'

interface ResumableGround extends Ground {
  readonly resumable: ResumablePower
}

const promises: Readonly<Record<string, (ground: ResumableGround) => Promise<void>>> = {
  'uploads in parts: what was sent comes back byte for byte, and is there only once its last byte is': async (ground) => {
    const { remote, key } = ground
    const bytes = payload(300_001)
    const session = await begun(ground, key('a'), bytes.length)
    let at = 0
    for (const size of [1, 16, 65_536, 100_000, 134_447]) {
      expectNone(expectRight(await remote.stat(key('a'))(), 'stat'), `the blob before byte ${at}`)
      expectLeft(await remote.get(key('a'))(), 'get', 'NotFound')
      expectEqual((await wholeList(remote, key('a'))).entries.length, 0, 'entries')
      await sent(ground, session, bytes, at, at + size)
      at += size
    }
    await sent(ground, session, bytes, at, bytes.length)
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
    const entry = expectSome(expectRight(await remote.stat(key('a'))(), 'stat'), 'the blob')
    if (entry.sizeBytes !== null) expectEqual(entry.sizeBytes, bytes.length, 'its size')
    if (entry.tag !== null) expectEqual(entry.tag, tagOf(bytes), 'its tag')
    expectEqual<string[]>((await wholeList(remote, key('a'))).entries.map(idOf), ['a'], 'listed ids')
  },

  'uploads in parts: offset tells what has arrived': async (ground) => {
    const bytes = payload(50_000)
    const session = await begun(ground, ground.key('a'), bytes.length)
    for (const [from, to] of [
      [0, 20_000],
      [20_000, 49_999],
    ] as const) {
      await expectOffset(ground, session, from)
      await sent(ground, session, bytes, from, to)
    }
    await expectOffset(ground, session, 49_999)
  },

  'uploads in parts: a part for another place is not taken, and the answer tells the place': async (ground) => {
    const { resumable, remote, key } = ground
    const bytes = payload(50_000)
    const session = await begun(ground, key('a'), bytes.length)
    await sent(ground, session, bytes, 0, 20_000)
    for (const at of [0, 19_999, 20_001, 30_000]) {
      const now = expectRight(await resumable.append(session, { at, bytes: payload(10_000, 1) })(), `append at ${at}`)
      expectEqual(now, 20_000, `the place after a part for ${at}`)
    }
    await expectOffset(ground, session, 20_000)
    await sent(ground, session, bytes, 20_000, bytes.length)
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'uploads in parts: an id that is taken is Exists before a byte is sent': async ({ remote, resumable, key }) => {
    await put(remote, key('a'), payload(100))
    expectLeft(await resumable.create(key('a'), { sizeBytes: 1000 })(), 'create', 'Exists')
    expectBytes(await bytesOf(await get(remote, key('a'))), payload(100), 'the blob that was there')
  },

  'uploads in parts: an id that is taken meanwhile is Exists at the end, and what is there stays': async (ground) => {
    const { remote, resumable, key } = ground
    const bytes = payload(50_000)
    const [first, second] = [await begun(ground, key('a'), bytes.length), await begun(ground, key('a'), bytes.length)]
    const other = payload(50_000, 1)
    await sent(ground, first, bytes, 0, 30_000)
    await sent(ground, second, other, 0, 30_000)
    await sent(ground, second, other, 30_000, bytes.length)
    const last = { at: 30_000, bytes: bytes.slice(30_000) }
    expectLeft(await resumable.append(first, last)(), 'the last part', 'Exists')
    expectBytes(await bytesOf(await get(remote, key('a'))), other, 'the blob that was there first')
  },

  'uploads in parts: one that was ended is gone, with all that it held, and the id is free': async (ground) => {
    const { remote, resumable, key } = ground
    const bytes = payload(50_000)
    const session = await begun(ground, key('a'), bytes.length)
    await sent(ground, session, bytes, 0, 30_000)
    expectRight(await resumable.end(session)(), 'end')
    expectRight(await resumable.end(session)(), 'end a second time')
    expectLeft(await resumable.offset(session)(), 'offset', 'NotFound')
    expectLeft(await resumable.append(session, { at: 30_000, bytes: bytes.slice(30_000) })(), 'append', 'NotFound')
    expectNone(expectRight(await remote.stat(key('a'))(), 'stat'), 'the blob')
    const another = await begun(ground, key('a'), bytes.length)
    await sent(ground, another, bytes, 0, bytes.length)
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'uploads in parts: one that has made its blob takes nothing more': async (ground) => {
    const { remote, resumable, key } = ground
    const bytes = payload(1000)
    const session = await begun(ground, key('a'), bytes.length)
    await sent(ground, session, bytes, 0, bytes.length)
    for (const answer of [
      await resumable.offset(session)(),
      await resumable.append(session, { at: 0, bytes: payload(1000, 1) })(),
    ]) {
      if (E.isRight(answer)) expectEqual(answer.right, bytes.length, 'what it says to have')
      else expectLeft(answer, 'what it says', 'NotFound')
    }
    expectRight(await resumable.end(session)(), 'end')
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'uploads in parts: an id that was deleted can be sent again': async (ground) => {
    const { remote, key } = ground
    await put(remote, key('a'), payload(100))
    expectRight(await remote.delete(key('a'))(), 'delete')
    const bytes = payload(1000)
    await sent(ground, await begun(ground, key('a'), bytes.length), bytes, 0, bytes.length)
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'uploads in parts: namespaces do not know each other’s blobs': async (ground) => {
    const { remote, key, otherKey } = ground
    await put(remote, otherKey('a'), payload(200, 1))
    const bytes = payload(200)
    await sent(ground, await begun(ground, key('a'), bytes.length), bytes, 0, bytes.length)
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
    expectBytes(await bytesOf(await get(remote, otherKey('a'))), payload(200, 1), 'the other namespace’s blob')
  },

  'uploads in parts: the caller’s bytes are not changed, and may be changed after they were sent': async (ground) => {
    const { remote, resumable, key } = ground
    const bytes = payload(1000)
    const session = await begun(ground, key('a'), bytes.length)
    for (const at of [0, 500]) {
      const mine = bytes.slice(at, at + 500)
      expectRight(await resumable.append(session, { at, bytes: mine })(), 'append')
      expectBytes(mine, bytes.slice(at, at + 500), 'the caller’s bytes')
      mine.fill(0)
    }
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'the download')
  },

  'uploads in parts: a signal that has fired ends every call as Aborted': async (ground) => {
    const { resumable, key } = ground
    const session = await begun(ground, key('a'), 1000)
    const signal = AbortSignal.abort()
    expectLeft(await resumable.create(key('b'), { sizeBytes: 10, signal })(), 'create', 'Aborted')
    expectLeft(await resumable.offset(session, { signal })(), 'offset', 'Aborted')
    expectLeft(await resumable.append(session, { at: 0, bytes: payload(1000), signal })(), 'append', 'Aborted')
    expectLeft(await resumable.end(session, { signal })(), 'end', 'Aborted')
    await expectOffset(ground, session, 0)
    expectRight(await resumable.end(session)(), 'end')
  },
}

/** What a remote promises that declares the power `resumableUploads`; of one that does not, nothing is asked. */
export const resumableCases: Readonly<Record<string, (ground: Ground) => Promise<void>>> = Object.fromEntries(
  Object.entries(promises).map(([name, check]) => [
    name,
    async (ground: Ground) => {
      const { resumableUploads } = expectRight(await ground.remote.supports()(), 'supports')
      if (!resumableUploads) return
      const { resumable } = ground.remote
      expectTrue(resumable !== undefined, 'a remote that declares resumable uploads has their methods')
      await check({ ...ground, resumable })
    },
  ]),
)

const begun = async ({ resumable }: ResumableGround, key: BlobKey, sizeBytes: number): Promise<string> =>
  expectRight(await resumable.create(key, { sizeBytes })(), `create for ${sizeBytes} bytes`)

const sent = async (
  { resumable }: ResumableGround,
  session: string,
  bytes: Uint8Array,
  at: number,
  to: number,
): Promise<void> => {
  const lent = new Uint8Array(bytes.slice(at, to))
  const arrived = expectRight(await resumable.append(session, { at, bytes: lent })(), `append at ${at}`)
  expectEqual(arrived, to, `what has arrived after the part at ${at}`)
  lent.fill(0)
}

const expectOffset = async ({ resumable }: ResumableGround, session: string, expected: number): Promise<void> =>
  expectEqual(expectRight(await resumable.offset(session)(), 'offset'), expected, 'offset')
