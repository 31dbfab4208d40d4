import { expect, test } from 'vitest'
import { text } from '../blob-sync/device'
import { settled } from '../virtual-clock'
import { browser, during, leaders, type Tab } from './browser'

const contentOf = async (tab: Tab, id: string) => (await tab.blobs.get(id)).text()

test('one tab leads, and all show the same', async () => {
  const all = browser()
  const tabs = [all.openTab(), all.openTab(), all.openTab()]
  await all.clock.advance(100)
  expect(leaders(tabs)).toHaveLength(1)
  for (const [at, { blobs }] of tabs.entries()) await during(all, blobs.put(text(`content ${at}`), { id: `b${at}` }))
  await during(all, Promise.all(tabs.map(({ blobs }) => blobs.idle())))
  await settled()
  for (const { blobs } of tabs) {
    expect(blobs.getSnapshot()).toEqual(tabs[0]?.blobs.getSnapshot())
    expect(blobs.getSnapshot().counts.SYNCED).toBe(3)
  }
  for (const tab of tabs) for (const at of [0, 1, 2]) expect(await contentOf(tab, `b${at}`)).toBe(`content ${at}`)
  expect(all.puts.toSorted()).toEqual(['b0', 'b1', 'b2'])
})
