import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { BlobSync } from '../../src/index'
import { serve } from '../../src/server/serve'
import { bundle } from '../bundle'
import { startChild } from '../store/child'
import { contentOf, randomOf } from './content'
import { open } from './open'

const LANES = 5
const ROUNDS = 5

/** A device that says nothing for so long has nothing to do. */
const SILENCE_MS = 500
const SEED = Number(process.env['SEED'] ?? 20_260)

const root = await mkdtemp(join(tmpdir(), 'blobsync-kill-'))
const users = Array.from({ length: LANES }, (_, lane) => `user${lane}`)
const server = await serve({ root: join(root, 'server'), port: 0, accounts: users.map((user) => ({ user, token: 'secret' })) })
const script = await bundle(join(import.meta.dirname, 'syncing-child.ts'), root)
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true, force: true })
})

/** What the app was told: ids that must be there, and ids of which nobody knows yet whether they went. */
interface Told {
  readonly there: Set<string>
  readonly gone: Set<string>
}

const hear = ({ there, gone }: Told, line: string) => {
  const [verb, id = ''] = line.split(' ')
  if (verb === 'put') there.add(id)
  if (verb === 'deleting') there.delete(id)
  if (verb === 'deleted') gone.add(id)
}

/** Runs a device until it has said so many lines, or nothing for a while, then kills it where it stands. */
const runAndKill = async (args: readonly string[], linesMax: number, told: Told) => {
  const child = startChild(script, ...args)
  let timer: NodeJS.Timeout | undefined
  let lines = 0
  const kills: Promise<void>[] = []
  const kill = () => {
    if (kills.length === 0) kills.push(child.kill())
  }
  for await (const line of child.lines) {
    hear(told, line)
    lines += 1
    clearTimeout(timer)
    timer = setTimeout(kill, SILENCE_MS)
    if (lines >= linesMax) kill()
  }
  clearTimeout(timer)
  expect(lines).toBeGreaterThan(0)
  await Promise.all(kills)
}

const whole = async (blobs: BlobSync, id: string) => Buffer.compare(await (await blobs.get(id)).bytes(), contentOf(id)) === 0

/** Nothing that is here is other than it should be, and what was acknowledged is. */
const check = async (home: string, user: string, acknowledged: ReadonlySet<string>) => {
  const blobs = open(home, server.url, user, true)
  try {
    await blobs.ready
    for (const { id, isHere } of blobs.list()) if (isHere) expect(await whole(blobs, id), `${id} is whole`).toBe(true)
    for (const id of acknowledged) expect(blobs.blob(id).getSnapshot().isHere, `${id} is here`).toBe(true)
  } finally {
    await blobs.close()
  }
}

const summary = (blobs: BlobSync) =>
  blobs
    .list()
    .map(({ id, status, isHere }) => `${id} ${status} ${isHere}`)
    .toSorted()

test.concurrent.for(users.map((user, lane) => ({ user, lane })))(
  `kills lose nothing, leave nothing half and nothing stuck: $user of seed ${SEED}`,
  { timeout: 240_000 },
  async ({ user, lane }) => {
    const [a, b] = [join(root, user, 'a'), join(root, user, 'b')]
    const told: Told = { there: new Set(), gone: new Set() }
    for (let round = 0; round < ROUNDS; round += 1) {
      const seed = SEED + 100 * lane + round
      const random = randomOf(seed)
      await Promise.all([
        runAndKill([a, server.url, user, String(seed), 'writes'], 2 + random(100), told),
        runAndKill([b, server.url, user, String(seed), 'reads'], 1 + random(30), { there: new Set(), gone: new Set() }),
      ])
      await check(a, user, told.there)
      await check(b, user, new Set())
    }
    const devices = [open(a, server.url, user), open(b, server.url, user)]
    try {
      for (const device of [...devices, ...devices, ...devices]) await device.sync()
      const [here = [], there] = devices.map(summary)
      expect(here).toEqual(there)
      expect(here.every((line) => line.endsWith('SYNCED true'))).toBe(true)
      expect(told.there.size + told.gone.size).toBeGreaterThan(0)
      const ids = new Set(devices[0]?.list().map(({ id }) => id))
      for (const id of told.there) expect(ids.has(id), `${id} was acknowledged`).toBe(true)
      for (const id of told.gone) expect(ids.has(id), `${id} was deleted`).toBe(false)
      for (const device of devices) for (const id of ids) expect(await whole(device, id), `${id} is whole`).toBe(true)
    } finally {
      for (const device of devices) await device.close()
    }
  },
)
