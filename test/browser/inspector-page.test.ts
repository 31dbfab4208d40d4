import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import type { Frame, Page } from 'playwright'
import type { AnyStateMachine } from 'xstate'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { blobMachine, coordinatorMachine } from '../../machines'
import { statelyInspector } from '../../src/inspect'
import { memoryRemote } from '../../src/remote/memory'
import { device, text } from '../blob-sync/device'
import { openSite, type Site } from './inspect/pages'

/** A machine that has other things to do as well. */
const PATIENCE_MS = 120_000
vi.setConfig({ testTimeout: PATIENCE_MS })

let site: Site
beforeAll(async () => {
  site = await openSite()
}, PATIENCE_MS)
afterAll(() => site.close())

const open = async (path: string, options = {}) => {
  const opened = await site.open(path, options)
  onTestFinished(() => opened.page.context().close())
  return opened
}

/** A page of a device with the inspector's page in an iframe over all of it. */
const inspected = async () => {
  const { page, complaints } = await open('/device.html')
  await page.evaluate(() => window.device.openInFrame('/inspector.html'))
  const frame = page.frameLocator('#viewer')
  await frame.getByText('Waiting for a device.').waitFor()
  const viewer = page.frames().find((one) => one.url().includes('/inspector.html'))!
  return { page, viewer, complaints }
}

/** The states that a chart on the page shows as active. */
const litIn = (viewer: Frame | Page, chart: string) =>
  viewer.evaluate(
    (id) =>
      [
        ...new Set(
          [...document.querySelectorAll(`#${id} [aria-current=true]`)].map((state) => state.getAttribute('data-state') ?? ''),
        ),
      ].toSorted(),
    chart,
  )

/** The same by the actor's own state value. */
const activeBy = (id: string, value: unknown): readonly string[] => {
  if (typeof value === 'string') return [`${id}.${value}`]
  return Object.entries(value as object).flatMap(([name, inner]) => [`${id}.${name}`, ...activeBy(`${id}.${name}`, inner)])
}

/** Asks again until the answer is as expected. */
const poll = <A>(ask: () => A) => expect.poll(ask, { timeout: PATIENCE_MS / 2 })

/** How many events the page says that it has heard. */
const heardIn = async (viewer: Frame) =>
  Number(/([\d,]+) events/.exec((await viewer.locator('#summary').textContent()) ?? '')?.[1]?.replaceAll(',', ''))

const choose = async (viewer: Frame | Page, name: string) => {
  await viewer.getByLabel('Filter actors by name, state or reason').fill(name)
  await viewer.locator('#actor-list .row .name', { hasText: new RegExp(`^${name}$`) }).click()
  await viewer.getByLabel('Filter actors by name, state or reason').fill('')
}

test('events of a real sync arrive, and the states that are lit are those of the actors at rest', async () => {
  const { page, viewer, complaints } = await inspected()
  await page.evaluate(() => window.device.sync(5))
  const rest = await page.evaluate(() => window.device.coordinatorValue())
  await poll(() => litIn(viewer, 'coordinator-chart')).toEqual(activeBy('coordinator', rest).toSorted())
  await page.evaluate(() => window.device.pause())
  const paused = await page.evaluate(() => window.device.coordinatorValue())
  expect(paused).toMatchObject({ transfers: 'paused' })
  await poll(() => litIn(viewer, 'coordinator-chart')).toEqual(activeBy('coordinator', paused).toSorted())

  await choose(viewer, 'mine')
  expect(await page.evaluate(() => window.device.statusOf('mine'))).toEqual({ status: 'PENDING_UPLOAD', phase: 'held' })
  await poll(() => litIn(viewer, 'blob-chart')).toEqual(['blob.PENDING_UPLOAD', 'blob.PENDING_UPLOAD.held'])
  await viewer.locator('#blob-state', { hasText: 'held: localOnly' }).waitFor()
  await choose(viewer, 'blob-3')
  expect(await page.evaluate(() => window.device.statusOf('blob-3'))).toEqual({ status: 'SYNCED', phase: 'resting' })
  await poll(() => litIn(viewer, 'blob-chart')).toEqual(['blob.SYNCED'])
  await viewer.locator('#log-list .row', { hasText: 'blob.moved' }).first().waitFor()
  expect(complaints).toEqual([])
})

/** What must be drawn, read from the machine by this test alone. */
const inMachine = (machine: AnyStateMachine) => {
  const states: string[] = []
  const descriptions: string[] = []
  let targets = 0
  const walk = (node: AnyStateMachine['root']) => {
    if (node !== machine.root) states.push(node.id)
    if (node !== machine.root) descriptions.push(node.description ?? '')
    for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])])
      targets += transition.target?.length ?? 0
    for (const child of Object.values(node.states)) walk(child)
  }
  walk(machine.root)
  return { states: states.toSorted(), descriptions, targets }
}

test.each([
  ['coordinator-chart', coordinatorMachine],
  ['blob-chart', blobMachine],
] as const)('%s is the machine: every state, transition and description', async (chart, machine) => {
  const { viewer } = await inspected()
  await viewer.locator(`#${chart} svg`).waitFor()
  const drawn = await viewer.evaluate((id) => {
    const all = (selector: string) => [...document.querySelectorAll(`#${id} ${selector}`)]
    return {
      states: [...new Set(all('[data-state]').map((state) => state.getAttribute('data-state') ?? ''))]
        .filter((state) => state !== '*')
        .toSorted(),
      tips: all('[data-state] > title').map((title) => title.textContent),
      arrows: all('.arrow[data-from]').length,
      rows: all('.arrow-label text').map((row) => row.textContent),
      starts: all('.start').length,
    }
  }, chart)
  const { states, descriptions, targets } = inMachine(machine)
  expect(drawn.states).toEqual(states)
  for (const description of descriptions)
    expect(
      drawn.tips.some((tip) => tip.includes(description)),
      description,
    ).toBe(true)
  // A guard may have a row of its own: those that only hold one belong to the row above.
  expect(drawn.rows.length).toBeGreaterThanOrEqual(targets)
  expect(drawn.arrows).toBeGreaterThan(0)
  expect(drawn.starts).toBeGreaterThan(0)
})

test('labels do not lie over states or each other, and are large enough to read', async () => {
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 480, height: 900 },
  ]) {
    const { page } = await open('/inspector.html?relay=/relay', { viewport })
    await page.locator('#blob-chart svg').waitFor()
    await page.locator('#coordinator-chart svg').waitFor()
    const { overlaps, smallest } = await page.evaluate(() => {
      const found: string[] = []
      let least = Infinity
      for (const svg of document.querySelectorAll('.chart')) {
        const labels = [...svg.querySelectorAll('.arrow-label > rect')].map((label) => label.getBoundingClientRect())
        const leaves = [...svg.querySelectorAll('.leaf > rect:first-of-type')].map((leaf) => leaf.getBoundingClientRect())
        const cross = (a: DOMRect, b: DOMRect) =>
          a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
        labels.forEach((label, at) => {
          if (leaves.some((leaf) => cross(label, leaf)) || labels.some((other, place) => place < at && cross(label, other)))
            found.push(String(at))
        })
        for (const label of svg.querySelectorAll('.arrow-label text'))
          least = Math.min(least, (label as SVGTextElement).getBoundingClientRect().height)
      }
      return { overlaps: found, smallest: least }
    })
    expect(overlaps).toEqual([])
    expect(smallest).toBeGreaterThan(10)
  }
})

test('a device in Node is seen through the relay on the port of the page, also when the page is opened later', async () => {
  const inspector = statelyInspector({ url: `${site.origin.replace('http', 'ws')}/relay?device=laptop` })
  onTestFinished(inspector.stop)
  const blobs = device({ remote: memoryRemote(), inspect: inspector.inspect })
  await blobs.put(text('one'), { id: 'one' })
  await blobs.sync()
  const { page, complaints } = await open('/inspector.html?relay=/relay')
  await poll(() => litIn(page, 'coordinator-chart')).toEqual(activeBy('coordinator', blobs.actor.getSnapshot().value).toSorted())
  await choose(page, 'one')
  await poll(() => litIn(page, 'blob-chart')).toEqual(['blob.SYNCED'])
  await page.getByRole('heading', { name: 'one', exact: true }).waitFor()
  inspector.stop()
  await page.locator('#coordinator-state', { hasText: 'actor stopped' }).waitFor()
  expect(complaints).toEqual([])
})

test('a relay on another machine is refused, whatever a link says', async () => {
  for (const relay of ['ws://example.org/relay', 'wss://example.org', '//example.org/relay', 'javascript:alert(1)']) {
    const { page, complaints } = await open(`/inspector.html?relay=${encodeURIComponent(relay)}`)
    await page.getByText('The relay in the address is not on this machine.').waitFor()
    expect(complaints).toEqual([])
  }
})

test('with 1,000 actors it stays usable: few elements, and filter, keyboard, charts and log answer', async () => {
  const { page, viewer, complaints } = await inspected()
  await page.evaluate(() => window.device.crowd(1000))
  await viewer.locator('#summary', { hasText: '1,001 actors' }).waitFor()
  const elements = () => viewer.evaluate(() => document.querySelectorAll('*').length)
  expect(await elements()).toBeLessThan(2500)
  expect(await viewer.locator('#actor-list .row').count()).toBeLessThan(60)

  const list = viewer.getByRole('listbox', { name: 'Actors' })
  await list.focus()
  await page.keyboard.press('End')
  await viewer.getByRole('heading', { name: 'blob-999', exact: true }).waitFor()
  await poll(() => litIn(viewer, 'blob-chart')).toContain('blob.PENDING_UPLOAD')
  await page.keyboard.press('ArrowUp')
  await viewer.getByRole('heading', { name: 'blob-998', exact: true }).waitFor()
  await poll(() => litIn(viewer, 'blob-chart')).toEqual(['blob.SYNCED'])
  expect(await viewer.locator('[aria-selected=true]').getAttribute('aria-posinset')).toBe('1000')

  await viewer.getByLabel('Filter actors by name, state or reason').fill('localOnly')
  await poll(() => viewer.locator('#actor-list .row').first().getAttribute('aria-setsize')).toBe('250')
  await viewer.getByLabel('Filter actors by name, state or reason').fill('')

  await page.evaluate(() => window.device.rounds(3000))
  await poll(() => heardIn(viewer)).toBeGreaterThan(3000)
  await viewer.getByLabel('Filter events by actor or type').fill('blob-17')
  await poll(async () =>
    [...new Set(await viewer.locator('#log-list .row .name').allTextContents())].every((name) => name.startsWith('blob-17')),
  ).toBe(true)
  expect(await elements()).toBeLessThan(2500)
  expect(complaints).toEqual([])
})

test('the log can be paused: it stays as it is, counts what comes, and shows it after; it keeps the last 2,000 at least and not many more', async () => {
  const { page, viewer } = await inspected()
  await page.evaluate(() => window.device.crowd(2))
  await viewer.locator('#log-list .row').first().waitFor()
  const shown = () => viewer.locator('#log-list .row').first().getAttribute('data-number')
  await viewer.getByRole('button', { name: 'Pause' }).click()
  const before = await shown()
  await page.evaluate(() => window.device.rounds(600))
  await viewer.getByRole('button', { name: /^Go on \((\d|,)+ new\)/ }).waitFor()
  expect(await shown()).toBe(before)
  // Also where it is searched meanwhile.
  const search = viewer.getByLabel('Filter events by actor or type')
  await search.fill('nothing of this name')
  await poll(() => viewer.locator('#log-list .row').count()).toBe(0)
  await search.fill('')
  await viewer.locator('#log-list .row').first().waitFor()
  expect(await shown()).toBe(before)
  await viewer.getByRole('button', { name: 'Go on' }).click()
  await poll(shown).not.toBe(before)
  // What comes faster than the viewer takes it is left out, so that more rounds are needed on a busy machine.
  await poll(async () => {
    await page.evaluate(() => window.device.rounds(200))
    return heardIn(viewer)
  }).toBeGreaterThan(4500)
  const size = () => viewer.locator('#log-list .row').first().getAttribute('aria-setsize').then(Number)
  await poll(size).toBeGreaterThanOrEqual(2000)
  expect(await size()).toBeLessThanOrEqual(4000)
  await viewer.getByRole('button', { name: 'Pause' }).click()
  await viewer.locator('#log-list .row').first().click()
  await viewer.locator('#log-detail', { hasText: '"type": "' }).waitFor()
  await viewer.getByRole('button', { name: 'Clear' }).click()
  await poll(() => viewer.locator('#log-list .row').count()).toBe(0)
})

test.each(['light', 'dark'] as const)('axe finds nothing to complain about (%s)', async (colorScheme) => {
  const { page, complaints } = await site.open('/device.html', { colorScheme })
  onTestFinished(() => page.context().close())
  await page.evaluate(() => window.device.openInFrame('/inspector.html'))
  await page.frameLocator('#viewer').getByText('Waiting for a device.').waitFor()
  const viewer = page.frames().find((one) => one.url().includes('/inspector.html'))!
  await page.evaluate(() => window.device.sync(3))
  await choose(viewer, 'mine')
  await viewer.locator('#blob-chart .active').first().waitFor()
  await viewer.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const violations = await viewer.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
    }
    return (await axe.run()).violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
    )
  })
  expect(violations).toEqual([])
  expect(complaints).toEqual([])
})
