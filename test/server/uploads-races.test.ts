import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { expect, onTestFinished, test, vi } from 'vitest'
import { blobKey } from '../../src/model/ids'
import { User, type Owner, type ServerBackend } from '../../src/server/backend'
import { fileBackend, type FileBackendOptions } from '../../src/server/file-backend'
import type { PartsBackend } from '../../src/server/parts'
import type { Refusal } from '../../src/server/refusal'
import { bytes, folder } from './serving'

const SIZE_BYTES = 200_000

const opened = async (options: FileBackendOptions = {}) => {
  const root = await folder()
  const backend = await fileBackend(root, options)
  onTestFinished(() => backend.close())
  const user: string = 'ann'
  if (backend.parts === undefined || !User.is(user)) throw new Error('The backend takes no parts.')
  const owner: Owner = { user, quotaBytes: SIZE_BYTES }
  const key = blobKey('a', undefined)
  if (E.isLeft(key)) throw new Error(key.left.message)
  const create = (parts: PartsBackend) => parts.create(owner, { ...key.right, sizeBytes: SIZE_BYTES })()
  return { root, backend, parts: backend.parts, owner, key: { ...key.right, user: owner.user }, create }
}

const right = <A>(either: E.Either<Refusal, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left._tag)
  return either.right
}

async function* bodyOf(pieces: readonly Uint8Array[]) {
  yield* pieces
}

const whole = bytes(SIZE_BYTES)

/** Nothing expires, or is looked for, by itself. */
const stopClock = () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
}

/** A body of which the end comes when something else is over. */
async function* heldUp(until: Promise<unknown>) {
  yield whole.slice(0, 100_000)
  await until
  yield whole.slice(100_000)
}

/** Either the blob is there with all of its bytes and counts, or nothing of it is left and nothing counts. */
const isOneOfBoth = async (
  { backend, root, owner, key }: Awaited<ReturnType<typeof opened>>,
  appended: E.Either<Refusal, number>,
) => {
  const isThere = E.isRight(appended) && appended.right === SIZE_BYTES
  expect((await backend.list({ user: owner.user, namespace: key.namespace }, 'id', null)).map(({ id }) => id)).toEqual(
    isThere ? ['a'] : [],
  )
  if (isThere) {
    const stored = right(await backend.read(key)())
    expect(Buffer.compare(Buffer.from(await new Response(stored.body).arrayBuffer()), whole)).toBe(0)
  }
  expect(await readdir(join(root, 'uploads'))).toEqual([])
}

/** How much more the quota leaves, by asking for it. */
const isRoomFor = async (backend: ServerBackend, owner: Owner, sizeBytes: number) => {
  const key = blobKey('room', undefined)
  if (E.isLeft(key)) throw new Error(key.left.message)
  const put = await backend.put(owner, [{ ...key.right, sizeBytes, body: bodyOf([bytes(sizeBytes)]) }])()
  if (E.isLeft(put)) return false
  right(await backend.delete({ ...key.right, user: owner.user })())
  return true
}

test('a creation that makes room does not take an upload that has just begun', async () => {
  const all = await opened()
  const { backend, parts, owner, create } = all
  const first = right(await create(parts))
  const creating = create(parts)
  const appended = await parts.append(first, heldUp(creating))()
  const second = await creating
  await isOneOfBoth(all, appended)
  if (E.isRight(second)) await parts.discard(second.right)
  expect(await isRoomFor(backend, owner, SIZE_BYTES)).toBe(E.isLeft(appended))
  expect(await isRoomFor(backend, owner, 16)).toBe(E.isLeft(appended))
  expect(await isRoomFor(backend, owner, SIZE_BYTES + 1)).toBe(false)
})

test('an upload that expires while it is gone on with goes whole', async () => {
  stopClock()
  const all = await opened({ uploadsExpireMs: 5000 })
  const { backend, parts, owner, create } = all
  const upload = right(await create(parts))
  vi.setSystemTime(Date.now() + 5000)
  const discarding = Promise.all([parts.discardExpired(), parts.discardExpired()])
  const appended = await parts.append(upload, heldUp(discarding))()
  expect(appended).toEqual(E.right(SIZE_BYTES))
  await isOneOfBoth(all, appended)
  expect(await isRoomFor(backend, owner, 16)).toBe(false)
  right(await backend.delete(all.key)())
  expect(await isRoomFor(backend, owner, SIZE_BYTES + 1)).toBe(false)
})

test('an upload that is gone on with is neither expired nor taken to make room', async () => {
  stopClock()
  const all = await opened({ uploadsExpireMs: 5000 })
  const { parts, create } = all
  let goOn = () => {}
  const held = new Promise<void>((resolve) => (goOn = resolve))
  const appending = parts.append(right(await create(parts)), heldUp(held))()
  expect(await create(parts)).toMatchObject({ left: { _tag: 'QuotaExceeded' } })
  vi.setSystemTime(Date.now() + 5000)
  expect(await parts.discardExpired()).toBe(0)
  expect(await create(parts)).toMatchObject({ left: { _tag: 'QuotaExceeded' } })
  goOn()
  const appended = await appending
  expect(appended).toEqual(E.right(SIZE_BYTES))
  await isOneOfBoth(all, appended)
})

test('an upload that is ended twice at once gives its room back once', async () => {
  const { backend, parts, owner, create } = await opened()
  const upload = right(await create(parts))
  await Promise.all([parts.discard(upload), parts.discard(upload)])
  expect(await isRoomFor(backend, owner, SIZE_BYTES)).toBe(true)
  expect(await isRoomFor(backend, owner, SIZE_BYTES + 1)).toBe(false)
})

test('a creation takes the room of what has expired', async () => {
  stopClock()
  const { parts, create } = await opened({ uploadsExpireMs: 5000 })
  right(await parts.append(right(await create(parts)), bodyOf([whole.slice(0, 100)]))())
  expect(await create(parts)).toMatchObject({ left: { _tag: 'QuotaExceeded' } })
  vi.setSystemTime(Date.now() + 5000)
  right(await create(parts))
})
