import { describe, expect, test } from 'vitest'
import type { BlobView } from '../../src/index'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes } from '../../src/testing/expect'
import { cipher, isSynced, line, MiB, readBack, type Line } from '../blob-sync/in-parts'
import { settled } from '../virtual-clock'
import { browser, type Tab } from './browser'

/** Six parts, the last one not full. */
const content = noise(5_600_000)
const totalBytes = cipher.encryptedSize(content.length)

/** Two tabs, of which the first leads and has put a big blob; the fate of calls is up to the test. */
const site = async (made: Line) => {
  const all = browser({ remote: made.remote, rows: made.memory, hasParts: true })
  const open = () =>
    all.openTab({ cipher, inFlightBytes: 2 * MiB, connectivity: { isOnline: () => true, subscribe: () => () => {} } })
  const first = open()
  await settled()
  const second = open()
  await settled()
  const until = async (tab: Tab, isSo: (view: BlobView) => boolean) => {
    for (let step = 0; step < 2_000; step += 1) {
      await settled()
      const view = tab.blobs.blob('a').getSnapshot()
      if (isSo(view)) return view
      await all.clock.advance(250)
    }
    throw new Error(`It stays ${JSON.stringify(tab.blobs.blob('a').getSnapshot())}`)
  }
  return { ...all, first, second, open, until }
}

describe('a tab that leads and sends a big blob', () => {
  test.each([1, 2, 3, 4, 5, 6, 7])('dies at call %d: the next one goes on with its upload', async (at) => {
    const made = line()
    const { first, second, until } = await site(made)
    made.after = async (call) => {
      if (call.at === at) first.crash()
    }
    await first.blobs.put(content, { id: 'a' })
    await until(second, isSynced)
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
    expect(made.sentBytes() - totalBytes).toBeLessThanOrEqual(MiB)
    // With the last byte the remote forgets the upload: the next one asks for another, and hears that the blob is there.
    expect(made.verbs().filter((verb) => verb === 'create' || verb === 'put')).toHaveLength(at < 6 ? 1 : 2)
  })

  test.each([1, 2, 3, 4, 5, 6, 7])(
    'freezes at call %d and thaws when another one leads: each is right about it in the end',
    async (at) => {
      const made = line()
      const { first, second, until, clock } = await site(made)
      made.after = async (call) => {
        if (call.at === at) first.page.freeze()
      }
      void first.blobs.put(content, { id: 'a' })
      await until(second, ({ progress, status }) => status === 'SYNCED' || (progress?.bytes ?? 0) >= 3 * MiB)
      first.page.thaw()
      await until(second, isSynced)
      await until(first, isSynced)
      await clock.advance(60_000)
      expectBytes(await readBack(made.memory, 'a'), content, 'the content')
      expect(made.sentBytes() - totalBytes).toBeLessThanOrEqual(2 * MiB)
      expect([...made.memory.sessions.values()].filter(({ arrivedBytes }) => arrivedBytes > 0)).toEqual([])
    },
  )

  test('closes: progress in the other one never falls', async () => {
    const made = line()
    const { first, second, until } = await site(made)
    const seen: number[] = []
    second.blobs.blob('a').subscribe(({ progress }) => {
      if (progress !== null) seen.push(progress.bytes)
    })
    made.after = async (call) => {
      if (call.at === 5) void first.close()
      await settled()
    }
    await first.blobs.put(content, { id: 'a' })
    await until(second, isSynced)
    expect(seen.length).toBeGreaterThan(2)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expectBytes(await readBack(made.memory, 'a'), content, 'the content')
  })

  test.each([2, 4, 6])('is told at call %d by another tab that the blob is deleted: nothing of it is left', async (at) => {
    const made = line()
    const { first, second, until, clock } = await site(made)
    const deletions: Promise<void>[] = []
    made.after = async (call) => {
      if (call.at !== at) return
      deletions.push(second.blobs.delete('a'))
      for (let turn = 0; turn < 5; turn += 1) await settled()
    }
    await first.blobs.put(content, { id: 'a' })
    await until(second, ({ status, phase }) => (status === 'PENDING_DELETE' && phase === 'resting') || status === 'DELETED')
    await Promise.all(deletions)
    expect(deletions).toHaveLength(1)
    await clock.advance(60_000)
    expect(made.memory.sessions.size).toBe(0)
    expect([...made.memory.namespaces.values()].flatMap(({ blobs }) => [...blobs.keys()])).toEqual([])
  })
})
