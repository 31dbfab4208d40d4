import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import { soledadCipher } from '../../src/cipher/soledad'
import type { BlobRecord, BlobSyncOptions, BlobView } from '../../src/index'
import { failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory, type RemoteMemory } from '../../src/remote/memory'
import { stagedBy } from '../../src/staged-by'
import { encryptedStore } from '../../src/store/encrypted'
import { memoryStore, newMemory } from '../../src/store/memory'
import type { LastingStaging, Staging, Store } from '../../src/store/store'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes } from '../../src/testing/expect'
import { nextTurn, settled } from '../virtual-clock'
import { cutLine, replaceHeld } from './cut-downloads'
import { device, gate, secret } from './device'
import { cipher, crashed, cut, held, isSynced, MiB, readBack, recordOn, sender, type Sender } from './in-parts'

/** Ten segments and a half. */
const content = noise(11_000_000)
const totalBytes = cipher.encryptedSize(content.length)
/** What a cut leaves of the segment it falls into, and the piece that shows where the one before ends. */
const CUT_BYTES = MiB + 65_536

const holding = async (bytes: Uint8Array<ArrayBuffer> = content, id = 'a', memory = remoteMemory()): Promise<RemoteMemory> => {
  const writer = device({ remote: memoryRemote({ memory, powers: { batches: false } }), cipher })
  await writer.put(bytes, { id })
  await writer.sync()
  return memory
}

/** A device of one slot, in a time of its own, that looks what the remote holds when its time first moves. */
const reader = (...[remote, options, disk]: Parameters<typeof sender>): Sender => {
  const made = sender(remote, { transfers: 1, ...options }, disk)
  let hasBegun = false
  return {
    ...made,
    until: async (id, isSo) => {
      if (!hasBegun) void made.blobs.sync().catch(() => {})
      hasBegun = true
      return made.until(id, isSo)
    },
  }
}

const bytesOf = async ({ blobs }: Sender, id = 'a') => (await blobs.get(id)).bytes()

const steadily = (views: readonly BlobView[]) => {
  const bytes = views.flatMap(({ progress }) => (progress === null ? [] : [progress.bytes]))
  expect(bytes).toEqual(bytes.toSorted((a, b) => a - b))
  return bytes
}

describe('a big download that is cut', () => {
  test.each([0, 1, MiB - 1, MiB, MiB + 1, 3.5 * MiB, 8 * MiB, totalBytes - 1])(
    'after %d bytes goes on after the last segment that verified',
    async (at) => {
      const line = cutLine(await holding())
      line.cutAfter = (download) => (download === 0 ? at : Infinity)
      const made = reader(line.remote)
      const failed = await made.until('a', ({ phase }) => phase === 'backingOff')
      expect(failed).toMatchObject({ attempt: 1, lastFailure: cut, isHere: false })
      expect(made.disk.payloads.size).toBe(0)
      await made.until('a', isSynced)
      expectBytes(await bytesOf(made), content, 'the content')
      expect(line.begins).toHaveLength(2)
      expect(line.begins[1]).toBe(Math.max(0, Math.ceil(at / MiB) - 1) * MiB)
      expect(line.sentBytes - totalBytes).toBeLessThanOrEqual(Math.min(at, CUT_BYTES))
      expect(made.disk.kept.size).toBe(0)
      expect(recordOn(made.disk, 'a')).toMatchObject({ status: 'SYNCED', download: null, attempts: 0 })
    },
  )

  test('again and again comes through, each byte but the cut segments once; progress never falls, and resets the wait', async () => {
    const line = cutLine(await holding())
    line.cutAfter = () => 2.3 * MiB
    const made = reader(line.remote)
    const views: BlobView[] = []
    const waits = new Set<number>()
    made.blobs.on('blob.changed', (view) => {
      views.push(view)
      if (view.phase === 'backingOff') waits.add(((view.nextAttemptAtMs ?? 0) - made.clock.now()) / 1000)
    })
    await made.until('a', isSynced)
    expectBytes(await bytesOf(made), content, 'the content')
    expect(line.begins).toEqual([0, 2, 4, 6, 8, 10].map((segments) => segments * MiB))
    expect(steadily(views).length).toBeGreaterThan(5)
    expect([...waits]).toEqual([10])
  })

  test('before a segment came waits ever longer', async () => {
    const line = cutLine(await holding())
    line.cutAfter = (download) => (download === 0 ? 2.3 * MiB : 0.9 * MiB)
    const made = reader(line.remote)
    const waits: number[] = []
    made.blobs.on('blob.changed', ({ phase, nextAttemptAtMs }) => {
      if (phase === 'backingOff') waits.push(((nextAttemptAtMs ?? 0) - made.clock.now()) / 1000)
    })
    await made.until('a', () => waits.length >= 3)
    expect(waits.slice(0, 3)).toEqual([10, 20, 30])
    await made.blobs.delete('a')
  })

  test('rests encrypted in a store that encrypts, and goes on there', async () => {
    const line = cutLine(await holding())
    line.cutAfter = () => 3.2 * MiB
    const disk = newMemory()
    const store = encryptedStore(memoryStore(disk), secret)
    const made = reader(line.remote, { store })
    await made.until('a', isSynced)
    expect(line.begins).toEqual([0, 3, 6, 9].map((segments) => segments * MiB))
    expectBytes(await bytesOf(made), content, 'the content')
  })

  test('is fetched anew where the remote gives no ranges, or the cipher cannot go on', async () => {
    const memory = await holding()
    const without = cutLine(memory, memoryRemote({ memory, powers: { batches: false, ranges: false } }))
    without.cutAfter = (download) => (download === 0 ? 5 * MiB : Infinity)
    const made = reader(without.remote)
    await made.until('a', isSynced)
    expect(without.begins).toEqual([0, 0])

    const soledad = soledadCipher(secret)
    const other = remoteMemory()
    const writer = device({ remote: memoryRemote({ memory: other }), cipher: soledad })
    await writer.put(content, { id: 'a' })
    await writer.sync()
    const line = cutLine(other)
    line.cutAfter = (download) => (download === 0 ? 5 * MiB : Infinity)
    const second = reader(line.remote, { cipher: soledad })
    await second.until('a', isSynced)
    expect(line.begins).toEqual([0, 0])
    expectBytes(await bytesOf(second), content, 'the content')
  })
})

describe('a device that dies in a download', () => {
  test.each([0.5, 1.5, 4.5, 5.5, 9, 10.4])(
    'after %d MiB goes on from what is on its disk, a part of it again at most',
    async (mib) => {
      const line = cutLine(await holding())
      const first = reader(line.remote)
      const dead = gate()
      let left = newMemory()
      line.before = async (sentBytes) => {
        if (sentBytes < mib * MiB || left.records.size > 0) return
        // The store has no more to do than what is begun by now.
        await settled()
        left = crashed(first.disk)
        dead.open()
        await new Promise(() => {})
      }
      const running = first.until('a', isSynced).catch(() => {})
      await dead.opened
      expect(left.payloads.size).toBe(0)
      const before = line.sentBytes
      line.before = () => {}
      const second = reader(line.remote, {}, left)
      await second.until('a', isSynced)
      expectBytes(await bytesOf(second), content, 'the content')
      const again = line.sentBytes - totalBytes
      expect(again).toBe(before - (line.begins[1] ?? 0))
      expect(again).toBeLessThanOrEqual(3 * MiB + 65_536)
      void running
    },
  )
})

describe('a blob that is another one by now', () => {
  const others: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
    'of the same size': content.map((byte) => byte ^ 85),
    'that is smaller': noise(5_000_000),
    'that is smaller than what is there': noise(3_000_000),
    'that is larger': noise(13_000_000),
  }
  for (const [name, other] of Object.entries(others))
    test(`${name} is begun anew`, async () => {
      const memory = await holding()
      const line = cutLine(memory)
      line.cutAfter = (download) => (download === 0 ? 4.5 * MiB : Infinity)
      const made = reader(line.remote)
      await made.until('a', ({ phase }) => phase === 'backingOff')
      const elsewhere = held(await holding(other), 'a')
      replaceHeld(memory, 'a', () => elsewhere ?? new Uint8Array(0))
      await made.until('a', isSynced)
      expectBytes(await bytesOf(made), other, 'the content')
      expect(line.begins).toEqual([0, 0])
      expect(made.disk.kept.size).toBe(0)
    })

  test('and whose rest does not verify is begun anew once in the same attempt, before it has failed', async () => {
    const memory = await holding()
    const line = cutLine(memory)
    line.cutAfter = (download) => (download === 0 ? 4.5 * MiB : Infinity)
    const made = reader(line.remote)
    const failures: unknown[] = []
    made.blobs.on('blob.failed', ({ lastFailure }) => failures.push(lastFailure))
    await made.until('a', ({ phase }) => phase === 'backingOff')
    // Encrypted by the same secret, for the same id, with the same end: only verifying tells.
    const whole = held(memory, 'a') ?? new Uint8Array(0)
    const spoilt = whole.map((byte, at) => (at === 6 * MiB ? byte ^ 1 : byte))
    replaceHeld(memory, 'a', () => spoilt)
    await made.until('a', ({ status }) => status === 'FAILED_DOWNLOAD')
    expect(line.begins).toEqual([0, 4 * MiB, 0])
    expect(failures).toMatchObject([{ _tag: 'Tampered' }])
    expect(made.disk.kept.size).toBe(0)
    expect(recordOn(made.disk, 'a')).toMatchObject({ status: 'FAILED_DOWNLOAD', download: null })
    replaceHeld(memory, 'a', () => whole)
    await made.blobs.retry('a')
    await made.until('a', isSynced)
    expectBytes(await bytesOf(made), content, 'the content')
  })

  test('and whose rest does not verify, though all of it does, arrives in the same attempt', async () => {
    const memory = await holding()
    const line = cutLine(memory)
    line.cutAfter = (download) => (download === 0 ? 4.5 * MiB : Infinity)
    const made = reader(line.remote)
    await made.until('a', ({ phase }) => phase === 'backingOff')
    const whole = held(memory, 'a') ?? new Uint8Array(0)
    replaceHeld(memory, 'a', () => whole.map((byte, at) => (at === 6 * MiB ? byte ^ 1 : byte)))
    line.onBegin = (fromByte) => {
      if (fromByte > 0) replaceHeld(memory, 'a', () => whole)
    }
    const attempts: number[] = []
    made.blobs.on('blob.changed', ({ attempt }) => attempts.push(attempt))
    await made.until('a', isSynced)
    expect(line.begins).toEqual([0, 4 * MiB, 0])
    expect(Math.max(...attempts)).toBeLessThanOrEqual(2)
    expectBytes(await bytesOf(made), content, 'the content')
  })

  test('or whose place in the record is none, is begun anew', async () => {
    const line = cutLine(await holding())
    line.cutAfter = (download) => (download === 0 ? 4.5 * MiB : Infinity)
    const first = reader(line.remote)
    await first.until('a', ({ phase }) => phase === 'backingOff')
    const left = crashed(first.disk)
    await first.blobs.close()
    const [[place, record] = []] = left.records
    const { download } = record as BlobRecord
    const checkpoint = { ...download?.checkpoint, encryptedBytes: 4 * MiB + 1 }
    left.records.set(place ?? '', { ...(record as BlobRecord), download: { ...download, checkpoint } })
    const second = reader(line.remote, {}, left)
    await second.until('a', isSynced)
    expect(line.begins).toEqual([0, 4 * MiB + 1, 0])
    expectBytes(await bytesOf(second), content, 'the content')
  })
})

describe('while a big blob comes', () => {
  const withSmall = async (options: Partial<BlobSyncOptions> = {}) => {
    const memory = await holding()
    const line = cutLine(memory)
    const made = reader(line.remote, options)
    return { memory, line, made }
  }

  test('a small one that is put goes first at the end of a part; no attempt is counted, and the big one goes on', async () => {
    const { memory, line, made } = await withSmall()
    const order: string[] = []
    made.blobs.on('blob.synced', ({ id }) => order.push(id))
    let attempts = 0
    made.blobs.on('blob.changed', (view) => {
      attempts = Math.max(attempts, view.id === 'a' ? view.attempt : 0)
      expect(view.lastFailure).toBeNull()
    })
    line.before = async (sentBytes) => {
      if (sentBytes > MiB && made.blobs.blob('small').getSnapshot().status === 'DELETED')
        await made.blobs.put(noise(1000), { id: 'small' })
    }
    await made.until('a', isSynced)
    expect(order).toEqual(['small', 'a'])
    expect(attempts).toBeLessThanOrEqual(1)
    expect(line.begins).toEqual([0, 8 * MiB])
    expectBytes(await readBack(memory, 'small'), noise(1000), 'the small one')
    expectBytes(await bytesOf(made), content, 'the content')
  })

  test('a get of it keeps it on its slot, in front of what else is put', async () => {
    const { line, made } = await withSmall()
    const order: string[] = []
    made.blobs.on('blob.synced', ({ id }) => order.push(id))
    const got: Promise<Blob>[] = []
    line.before = async (sentBytes) => {
      if (sentBytes < MiB || got.length > 0) return
      got.push(made.blobs.get('a'))
      await made.blobs.put(noise(1000), { id: 'small', priority: 'high' })
    }
    await made.until('a', isSynced)
    expect(order[0]).toBe('a')
    expect(line.begins).toEqual([0])
    expectBytes(await bytesOf(made), content, 'the content')
    await Promise.all(got)
  })

  test('a pause keeps what was there, and it goes on', async () => {
    const { line, made } = await withSmall()
    let hasPaused = false
    line.before = async (sentBytes) => {
      if (sentBytes < 6 * MiB || hasPaused) return
      hasPaused = true
      made.blobs.pause()
      await nextTurn()
    }
    await made.until('a', () => hasPaused)
    await made.blobs.setPriority('a', 'high')
    await settled()
    line.before = () => {}
    made.blobs.resume()
    await made.until('a', isSynced)
    expect(line.begins).toEqual([0, 4 * MiB])
    expectBytes(await bytesOf(made), content, 'the content')
  })

  test('that is fetched on demand, who asked for it may leave: whoever asks again goes on', async () => {
    const line = cutLine(await holding())
    const made = reader(line.remote, { download: 'onDemand' })
    await made.until('a', ({ held: reason }) => reason === 'onDemand')
    const controller = new AbortController()
    line.before = async (sentBytes) => {
      if (sentBytes > 5 * MiB) controller.abort()
      await nextTurn()
    }
    await expect(made.blobs.get('a', { signal: controller.signal })).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    line.before = () => {}
    await made.until('a', ({ held: reason, phase }) => reason === 'onDemand' || phase === 'resting')
    await made.blobs.setPinned('a', true)
    await made.until('a', isSynced)
    expect(line.begins.slice(0, 2)).toEqual([0, 4 * MiB])
    expectBytes(await bytesOf(made), content, 'the content')
  })

  test('that waits on demand goes on also once the policy wants it', async () => {
    const line = cutLine(await holding())
    const made = reader(line.remote, { download: 'onDemand' })
    await made.until('a', ({ held: reason }) => reason === 'onDemand')
    line.cutAfter = (download) => (download === 0 ? 5.5 * MiB : Infinity)
    await expect(made.blobs.get('a')).rejects.toMatchObject({ failure: cut })
    await made.until('a', ({ held: reason }) => reason === 'onDemand')
    const left = crashed(made.disk)
    await made.blobs.close()
    const eager = reader(line.remote, {}, left)
    // Later than the record.
    await eager.clock.advance(60_000)
    await eager.until('a', isSynced)
    expect(line.begins).toEqual([0, 5 * MiB])
    expectBytes(await bytesOf(eager), content, 'the content')
  })

  test('its deletion leaves nothing of it', async () => {
    const { line, made } = await withSmall()
    line.cutAfter = () => 6.5 * MiB
    await made.until('a', ({ phase }) => phase === 'backingOff')
    expect(made.disk.kept.size).toBe(1)
    await made.blobs.delete('a')
    expect(made.disk.kept.size).toBe(0)
    await made.until('a', ({ status, phase }) => status === 'PENDING_DELETE' && phase === 'resting')
    expect(recordOn(made.disk, 'a')).toMatchObject({ download: null })
  })

  test('a store that is slow holds it back: no more than segments wait in memory', async () => {
    const memory = await holding()
    const line = cutLine(memory)
    const inner = memoryStore()
    const slow = gate()
    let stagedBytes = 0
    const slowly = <S extends Staging>(staging: S): S => ({
      ...staging,
      append: (bytes) => async () => {
        stagedBytes += bytes.length
        if (stagedBytes > 3 * MiB) await slow.opened
        return staging.append(bytes)()
      },
    })
    const store: Store = { ...inner, ...stagedBy(inner, slowly, slowly) }
    const made = reader(line.remote, { store })
    await made.until('a', () => stagedBytes > 3 * MiB)
    for (let turn = 0; turn < 20; turn += 1) await settled()
    expect(line.sentBytes).toBeLessThan(stagedBytes + 2 * MiB)
    slow.open()
    await made.until('a', isSynced)
    expectBytes(await bytesOf(made), content, 'the content')
  })

  /** A store whose stagings keep so, and small blobs that come without end while the big one does. */
  const amongSmall = async (keep: (kept: LastingStaging['keep'], ...given: Parameters<LastingStaging['keep']>) => Kept) => {
    const line = cutLine(await holding())
    const inner = memoryStore()
    const keeping = (staging: LastingStaging): LastingStaging => ({ ...staging, keep: (record) => keep(staging.keep, record) })
    const store: Store = { ...inner, ...stagedBy(inner, (staging) => staging, keeping) }
    const made = reader(line.remote, { store })
    let smalls = 0
    line.onBegin = () => {
      if (line.begins.length > 20) throw new Error('It is begun again and again.')
    }
    line.before = async (sentBytes) => {
      if (sentBytes > (smalls + 1) * MiB) await made.blobs.put(noise(1000), { id: `small-${smalls++}` })
    }
    return { line, made }
  }

  test('which a store cannot keep, it does not leave its slot, or it would never come through', async () => {
    const { line, made } = await amongSmall(() => TE.right(false))
    await made.until('a', isSynced)
    expect(line.begins).toEqual([0])
    expectBytes(await bytesOf(made), content, 'the content')
  })

  test('and cannot be kept at the moment when others wait: that is a failure, which is told', async () => {
    let tries = 0
    const { line, made } = await amongSmall((kept, record) =>
      ++tries === 4 ? TE.left(failure('StorageBroken', 'no')) : kept(record),
    )
    const view = await made.until('a', ({ phase }) => phase === 'backingOff')
    expect(view).toMatchObject({ lastFailure: { _tag: 'StorageBroken' } })
    await made.until('a', isSynced)
    expect(line.begins[1]).toBeGreaterThanOrEqual(4 * MiB)
    expectBytes(await bytesOf(made), content, 'the content')
  })
})

type Kept = ReturnType<LastingStaging['keep']>

describe('progress', () => {
  /** All that is shown of a blob. */
  const shown = ({ blobs }: Sender) => {
    const views: BlobView[] = []
    blobs.blob('a').subscribe((view) => views.push(view))
    return views
  }

  test('never falls, whatever of it comes again after cuts and pauses', async () => {
    const line = cutLine(await holding())
    line.cutAfter = (download) => (download < 3 ? 2.7 * MiB : Infinity)
    let hasPaused = false
    const made = reader(line.remote)
    const views = shown(made)
    line.before = async () => {
      if (line.begins.length < 4 || line.sentBytes < 11 * MiB || hasPaused) return
      hasPaused = true
      made.blobs.pause()
      await nextTurn()
    }
    await made.until('a', () => hasPaused)
    await settled()
    expect(made.blobs.blob('a').getSnapshot().progress?.bytes).toBeGreaterThan(6 * MiB)
    made.blobs.resume()
    await made.until('a', isSynced)
    expect(line.begins.length).toBe(5)
    const bytes = steadily(views)
    expect(bytes.length).toBeGreaterThan(100)
    expect(bytes.at(-1)).toBe(totalBytes)
  })

  test('begins with what is there when the device starts', async () => {
    const line = cutLine(await holding())
    line.cutAfter = (download) => (download === 0 ? 4.5 * MiB : Infinity)
    const first = reader(line.remote)
    await first.until('a', ({ phase }) => phase === 'backingOff')
    const left = crashed(first.disk)
    await first.blobs.close()
    const second = reader(line.remote, {}, left)
    await second.blobs.ready
    const views = shown(second)
    expect(second.blobs.blob('a').getSnapshot().progress).toEqual({
      bytes: 4 * MiB,
      totalBytes,
      bytesPerSecond: null,
      msLeft: null,
    })
    await second.until('a', isSynced)
    expect(steadily(views)[0]).toBeGreaterThanOrEqual(4 * MiB)
    expect(second.blobs.blob('a').getSnapshot().progress).toBeNull()
  })

  test('of a blob that is gone says nothing of the next one under its id', async () => {
    const line = cutLine(await holding())
    line.cutAfter = () => 4.5 * MiB
    const made = reader(line.remote)
    await made.until('a', ({ phase }) => phase === 'backingOff')
    for (const { blobs } of line.memory.namespaces.values()) blobs.clear()
    await made.blobs.sync({ whole: true }).catch(() => {})
    await made.until('a', ({ status }) => status === 'DELETED')
    await made.blobs.put(noise(10), { id: 'a' })
    expect(made.blobs.blob('a').getSnapshot().progress).toBeNull()
  })
})
