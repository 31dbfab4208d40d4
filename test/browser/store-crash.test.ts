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
import { mendLogs } from './mended-logs'
import { LANES, leftBy, stepsOf } from './store-crash-steps'
import { openPage, scriptOf } from './site'
import { KINDS, type Kind } from './store-crash-kinds'

const SEED = Number(process.env['SEED'] ?? 30)
const BROWSER_KILLS = 10
const PAGE_KILLS = 20
const ids = Array.from({ length: LANES }, (_, lane) => [0, 1, 2].map((number) => `${lane}-${number}`)).flat()

const folder = await mkdtemp(join(tmpdir(), 'blobsync-crash-'))
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
const script = await scriptOf(join(import.meta.dirname, 'store-crash-child.ts'))

interface Running {
  readonly context: BrowserContext
  /** Kills all its processes where they stand. */
  readonly kill: () => Promise<void>
}

const startBrowser = async (profile: string, tries = 3): Promise<Running> => {
  await mendLogs(join(folder, profile))
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
    try {
      const browser = await chromium.connectOverCDP(address, { timeout: 10_000 })
      return { context: browser.contexts()[0]!, kill }
    } catch (error) {
      // One in many starts after a kill, Chromium listens and never answers.
      await kill()
      if (tries === 1) throw error
      return startBrowser(profile, tries - 1)
    }
  }
  throw new Error('Chromium ended before it listened.')
}

/** What each blob may be found as: as its last told change left it, or as the one under way would. */
type Expected = Map<string, Set<string>>

/** Takes steps on a page until so many are told, then kills it. */
const runAndKill = async (kind: Kind, page: Page, seed: number, expected: Expected, kill: () => Promise<void>) => {
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
  const running = page
    .evaluate(([which, given]) => crash.run(which, given), [kind, seed] as const)
    .catch((error: unknown) => error)
  const ended = await Promise.race([enough, running])
  if (ended !== undefined) throw new Error('The page ended by itself.', { cause: ended })
  await kill()
  // What was told before the end may arrive after it.
  await running
  for (const { underWay } of lanes) expected.get(underWay.id)?.add(leftBy(underWay))
}

/** Everything is there as it may be, and from now on only as it is. */
const check = async (kind: Kind, page: Page, expected: Expected, seed: number) => {
  const look = () => page.evaluate(([which, given]) => crash.look(which, given), [kind, ids] as const)
  const { states, strays } = await look()
  // The browser may take a moment to see that the last page is gone: who leads then clears away what that wrote.
  const stray = async () => (strays.length === 0 ? strays : (await look()).strays)
  await expect.poll(stray, { message: `what belongs to nothing, seed ${seed}`, timeout: 10_000 }).toEqual([])
  for (const [id, allowed] of expected) {
    expect([...allowed], `${id} after the crash of seed ${seed}`).toContain(states[id])
    expected.set(id, new Set([states[id]!]))
  }
}

const nothing = (): Expected => new Map(ids.map((id) => [id, new Set(['nothing'])]))

test.for(KINDS)(
  `%s: a browser that is killed in mid-write loses nothing and leaves nothing half, seeds from ${SEED}`,
  { timeout: 120_000 },
  async (kind) => {
    const expected = nothing()
    for (let seed = SEED; seed < SEED + BROWSER_KILLS; seed += 1) {
      const { context, kill } = await startBrowser(`killed-${kind}`)
      try {
        const page = await openPage(context, script)
        await check(kind, page, expected, seed - 1)
        await runAndKill(kind, page, seed, expected, kill)
      } finally {
        await kill()
      }
    }
    const { context, kill } = await startBrowser(`killed-${kind}`)
    try {
      await check(kind, await openPage(context, script), expected, SEED + BROWSER_KILLS - 1)
    } finally {
      await kill()
    }
  },
)

test.for(KINDS)(
  `%s: a page that is killed in mid-write loses nothing and leaves nothing half, seeds from ${SEED}`,
  { timeout: 120_000 },
  async (kind) => {
    const expected = nothing()
    const { context, kill } = await startBrowser(`crashed-${kind}`)
    try {
      for (let seed = SEED; seed < SEED + PAGE_KILLS; seed += 1) {
        const page = await openPage(context, script)
        await check(kind, page, expected, seed - 1)
        const crashed = page.waitForEvent('crash')
        await runAndKill(kind, page, seed, expected, async () => {
          const cdp = await context.newCDPSession(page)
          void cdp.send('Page.crash').catch(() => {})
          await crashed
        })
        await page.close()
      }
      await check(kind, await openPage(context, script), expected, SEED + PAGE_KILLS - 1)
    } finally {
      await kill()
    }
  },
)
