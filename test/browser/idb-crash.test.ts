import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type BrowserContext, type Page } from 'playwright'
import { afterAll, expect, test } from 'vitest'
import { randomOf } from '../crash/content'
import { chromiumArguments, chromiumPath } from './chromium'
import { LANES, leftBy, stepsOf } from './idb-crash-steps'
import { openPage, scriptOf } from './site'

const SEED = Number(process.env['SEED'] ?? 30)
const BROWSER_KILLS = 10
const PAGE_KILLS = 20
const ids = Array.from({ length: LANES }, (_, lane) => [0, 1, 2].map((number) => `${lane}-${number}`)).flat()

const folder = await mkdtemp(join(tmpdir(), 'blobsync-idb-crash-'))
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
const script = await scriptOf(join(import.meta.dirname, 'idb-crash-child.ts'))

interface Running {
  readonly context: BrowserContext
  /** Kills all its processes where they stand. */
  readonly kill: () => Promise<void>
}

const startBrowser = async (profile: string): Promise<Running> => {
  const flags = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${join(folder, profile)}`]
  // A group of its own, so that no process of the browser outlives the others.
  const child = spawn(chromiumPath, [...chromiumArguments, ...flags], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
    await ended
  }
  for await (const line of createInterface(child.stderr)) {
    const address = /^DevTools listening on (ws:.*)$/.exec(line)?.[1]
    if (address === undefined) continue
    const browser = await chromium.connectOverCDP(address)
    return { context: browser.contexts()[0]!, kill }
  }
  throw new Error('Chromium ended before it listened.')
}

/** What each blob may be found as: as its last told change left it, or as the one under way would. */
type Expected = Map<string, Set<string>>

/** Takes steps on a page until so many are told, then kills it. */
const runAndKill = async (page: Page, seed: number, expected: Expected, kill: () => Promise<void>) => {
  const random = randomOf(seed)
  let toTell = 1 + random(60)
  const lanes = Array.from({ length: LANES }, (_, lane) => {
    const steps = stepsOf(seed, lane)
    return { steps, underWay: steps.next().value }
  })
  let isEnough = () => {}
  const enough = new Promise<void>((resolve) => (isEnough = resolve))
  await page.exposeFunction('tell', (number: number) => {
    const lane = lanes[number]!
    expected.set(lane.underWay.id, new Set([leftBy(lane.underWay)]))
    lane.underWay = lane.steps.next().value
    toTell -= 1
    if (toTell === 0) isEnough()
  })
  const running = page.evaluate((given) => crash.run(given), seed).catch((error: unknown) => error)
  const ended = await Promise.race([enough, running])
  if (ended !== undefined) throw new Error('The page ended by itself.', { cause: ended })
  await kill()
  // What was told before the end may arrive after it.
  await running
  for (const { underWay } of lanes) expected.get(underWay.id)?.add(leftBy(underWay))
}

/** Everything is there as it may be, and from now on only as it is. */
const check = async (page: Page, expected: Expected, seed: number) => {
  const { states, strays } = await page.evaluate((given) => crash.look(given), ids)
  expect(strays, `keys that belong to nothing, seed ${seed}`).toEqual([])
  for (const [id, allowed] of expected) {
    expect([...allowed], `${id} after the crash of seed ${seed}`).toContain(states[id])
    expected.set(id, new Set([states[id]!]))
  }
}

const nothing = (): Expected => new Map(ids.map((id) => [id, new Set(['nothing'])]))

test(
  `a browser that is killed in mid-write loses nothing and leaves nothing half, seeds from ${SEED}`,
  { timeout: 120_000 },
  async () => {
    const expected = nothing()
    for (let seed = SEED; seed < SEED + BROWSER_KILLS; seed += 1) {
      const { context, kill } = await startBrowser('killed')
      try {
        const page = await openPage(context, script)
        await check(page, expected, seed - 1)
        await runAndKill(page, seed, expected, kill)
      } finally {
        await kill()
      }
    }
    const { context, kill } = await startBrowser('killed')
    try {
      await check(await openPage(context, script), expected, SEED + BROWSER_KILLS - 1)
    } finally {
      await kill()
    }
  },
)

test(
  `a page that is killed in mid-write loses nothing and leaves nothing half, seeds from ${SEED}`,
  { timeout: 120_000 },
  async () => {
    const expected = nothing()
    const { context, kill } = await startBrowser('crashed')
    try {
      for (let seed = SEED; seed < SEED + PAGE_KILLS; seed += 1) {
        const page = await openPage(context, script)
        await check(page, expected, seed - 1)
        const crashed = page.waitForEvent('crash')
        await runAndKill(page, seed, expected, async () => {
          const cdp = await context.newCDPSession(page)
          void cdp.send('Page.crash').catch(() => {})
          await crashed
        })
        await page.close()
      }
      await check(await openPage(context, script), expected, SEED + PAGE_KILLS - 1)
    } finally {
      await kill()
    }
  },
)
