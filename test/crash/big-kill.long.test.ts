import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { serve } from '../../src/server/serve'
import { fileStore } from '../../src/store/file'
import { expectBytes, expectRight } from '../../src/testing/expect'
import { key } from '../../src/testing/store-ground'
import { bundle } from '../bundle'
import { cuttingProxy } from '../cutting-proxy'
import { longOr } from '../long'
import { startChild } from '../store/child'
import { BIG, bigContent, cipherOfBig, openBig } from './big'
import { randomOf } from './content'

const CONTENT_BYTES = longOr(200_000_000, 40_000_000)
const KILLS = longOr(20, 3)
const SEED = Number(process.env['SEED'] ?? 20_260)

/** What a kill may cost: one part, of the largest. */
const PART_BYTES = 8 * 1024 * 1024
/** Requests and their answers, without what they carry. */
const HEADERS_BYTES = 500_000

const root = await mkdtemp(join(tmpdir(), 'blobsync-big-'))
const server = await serve({ root: join(root, 'server'), port: 0, accounts: [{ user: 'ann', token: 'secret' }] })
const proxy = await cuttingProxy(server.url)
const script = await bundle(join(import.meta.dirname, 'big-child.ts'), root)
const content = bigContent(CONTENT_BYTES)
const encryptedBytes = cipherOfBig.encryptedSize(CONTENT_BYTES)
afterAll(async () => {
  await proxy.close()
  await server.close()
  await rm(root, { recursive: true, force: true })
})

/** What must hold whenever a device died. */
const checks = {
  send: async () => {
    const remote = httpRemote({ url: server.url, user: 'ann', token: 'secret' })
    expect(expectRight(await remote.list({ namespace: key(BIG).namespace })(), 'list').entries).toEqual([])
    expect(O.isNone(expectRight(await remote.stat(key(BIG))(), 'stat'))).toBe(true)
  },
  fetch: async (home: string) => {
    const store = fileStore(home)
    expect(O.isNone(expectRight(await store.read(key(BIG))(), 'read'))).toBe(true)
    await store.close()()
  },
}

/** Runs a device, and kills it once so many bytes have passed. @returns whether it was killed before it had done. */
const run = async (verb: 'send' | 'fetch', home: string, passed: () => number, killAt: number): Promise<boolean> => {
  const child = startChild(script, home, proxy.url, verb, String(CONTENT_BYTES))
  onTestFinished(child.kill)
  const kills: Promise<void>[] = []
  proxy.onPiece = () => {
    if (passed() >= killAt && kills.length === 0) kills.push(child.kill())
    return kills[0]
  }
  const lines: string[] = []
  for await (const line of child.lines) lines.push(line)
  proxy.onPiece = null
  await Promise.all(kills)
  proxy.cutAll()
  if (lines.length > 0) return false
  expect(kills).toHaveLength(1)
  await checks[verb](home)
  return true
}

const through = async (verb: 'send' | 'fetch', home: string, passed: () => number): Promise<number> => {
  const random = randomOf(SEED)
  const before = passed()
  // Two at nearly the same place, too.
  const places = Array.from({ length: KILLS }, () => before + random(encryptedBytes - 1_000_000)).toSorted((a, b) => a - b)
  let kills = 0
  for (const place of places) if (await run(verb, home, passed, Math.max(place, passed() + 1))) kills += 1
  while (await run(verb, home, passed, Infinity)) throw new Error('It was not killed.')
  expect(kills).toBe(KILLS)
  const again = passed() - before - encryptedBytes
  if (process.env['BLOBSYNC_TELL'] === '1') console.log(verb, { kills, again })
  return again
}

test(
  `a device that is killed while it sends and fetches ${CONTENT_BYTES} bytes does a part again at each kill at most: seed ${SEED}`,
  { timeout: longOr(900_000, 120_000) },
  async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')]
    expect(await through('send', a, proxy.upBytes)).toBeLessThanOrEqual(KILLS * PART_BYTES + HEADERS_BYTES)
    expect(await through('fetch', b, proxy.downBytes)).toBeLessThanOrEqual(KILLS * PART_BYTES + HEADERS_BYTES)
    const blobs = openBig(b, server.url, true)
    onTestFinished(() => blobs.close())
    expectBytes(await (await blobs.get(BIG)).bytes(), content, 'the content')
  },
)
