import { describe, expect, test } from 'vitest'
import { failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { text } from '../blob-sync/device'
import { settled } from '../virtual-clock'
import { browser, leaders, type Tab } from './browser'
import { troubled } from './troubled'

/** Numbers from 0 to below 1 that a seed gives again. */
const diceOf = (seed: number) => {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0
    const mixed = Math.imul(state ^ (state >>> 13), 3_266_489_917)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

const STEPS = 60
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 30) }, (_, at) => at + Number(process.env['SEED'] ?? 1))

describe.each([true, false])('with locks: %s', (hasLocks) => {
  test.each(seeds)(
    'seed %i: whatever happens to tabs, nothing is lost or stored twice, and in the end all show the same',
    async (seed) => {
      const dice = diceOf(seed)
      const below = (count: number) => Math.floor(dice() * count)
      let isQuiet = false
      const rows = remoteMemory()
      const remote = troubled(memoryRemote({ memory: rows }), () =>
        !isQuiet && dice() < 0.15 ? failure('Unreachable', 'The line is cut.') : null,
      )
      const all = browser({ hasLocks, rows, remote, loses: () => !isQuiet && dice() < 0.15 })
      const tabs: Tab[] = [all.openTab()]
      /** Contents that were put and that nobody deletes. */
      const kept = new Map<string, string>()
      const touched = new Set<string>()
      let puts = 0

      const put = (tab: Tab) => {
        const isContested = dice() < 0.4
        const id = isContested ? `shared${below(5)}` : `own${(puts += 1)}`
        if (isContested) touched.add(id)
        void tab.blobs.put(text(`content of ${id}`), { id }).then(
          () => isContested || kept.set(id, `content of ${id}`),
          () => {},
        )
      }
      const named = (tab: Tab) => {
        const content = `the same ${below(4)}`
        void tab.blobs.put(text(content), { id: 'content' }).then(
          ({ id }) => kept.set(id, content),
          () => {},
        )
      }
      const steps: readonly ((tab: Tab, at: number) => unknown)[] = [
        put,
        put,
        put,
        named,
        named,
        (tab) => void tab.blobs.delete(`shared${below(5)}`).catch(() => {}),
        (tab) => void tab.blobs.get(`shared${below(5)}`).catch(() => {}),
        (tab) => void tab.blobs.sync().catch(() => {}),
        (tab) => void tab.blobs.retry().catch(() => {}),
        () => tabs.length < 5 && tabs.push(all.openTab()),
        (tab, at) => {
          tabs.splice(at, 1)
          void tab.close()
        },
        (tab, at) => {
          tabs.splice(at, 1)
          tab.crash()
        },
        (tab) => tab.page.freeze(),
        (tab) => tab.page.thaw(),
        (tab) => tab.page.thaw(),
      ]

      for (let step = 0; step < STEPS; step += 1) {
        if (tabs.length === 0) tabs.push(all.openTab())
        const at = below(tabs.length)
        const tab = tabs[at]
        if (tab !== undefined) steps[below(steps.length)]?.(tab, at)
        if (dice() < 0.5) await settled()
        else await all.clock.advance(below(dice() < 0.2 ? 15_000 : 800))
      }

      isQuiet = true
      if (tabs.length === 0) tabs.push(all.openTab())
      for (const { page } of tabs) page.thaw()
      await all.clock.advance(20_000)
      const syncing = Promise.all(tabs.map(({ blobs }) => blobs.sync()))
      await all.clock.advance(120_000)
      await syncing
      await all.clock.advance(20_000)

      expect(leaders(tabs)).toHaveLength(1)
      const [first] = tabs
      const shown = ({ blobs }: Tab) => [blobs.getSnapshot(), blobs.list().toSorted((a, b) => (a.id < b.id ? -1 : 1))]
      for (const tab of tabs) expect(shown(tab)).toEqual(first === undefined ? null : shown(first))
      for (const [id, content] of kept) expect(await (await first?.blobs.get(id))?.text(), id).toBe(content)
      const onServer = [...rows.namespaces.values()].flatMap(({ blobs }) => [...blobs.keys()])
      for (const id of kept.keys()) expect(onServer).toContain(id)
      for (const id of all.puts)
        if (!touched.has(id))
          expect(
            all.puts.filter((other) => other === id),
            id,
          ).toHaveLength(1)
      for (const { blobs } of tabs)
        expect(
          Object.entries(blobs.getSnapshot().counts).filter(
            ([name, count]) => count > 0 && name !== 'SYNCED' && name !== 'PENDING_DELETE',
          ),
        ).toEqual([])
      for (const { id, status } of first?.blobs.list() ?? []) if (status === 'SYNCED') expect(onServer).toContain(id)
    },
  )
})
