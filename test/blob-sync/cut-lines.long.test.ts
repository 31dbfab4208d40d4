import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { streamingCipher } from '../../src/cipher/streaming'
import { createBlobSync } from '../../src/index'
import { httpRemote } from '../../src/remote/http'
import { serve } from '../../src/server/serve'
import { fileStore } from '../../src/store/file'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes } from '../../src/testing/expect'
import { randomOf } from '../crash/content'
import { cuttingProxy } from '../cutting-proxy'
import { longOr } from '../long'

const RUNS = longOr(200, 6)
const CONTENT_BYTES = longOr(40_000_000, 12_000_000)
const SEED = Number(process.env['SEED'] ?? 20_260)

/** What a cut may cost: one part, of the largest. */
const PART_BYTES = 8 * 1024 * 1024
const CUTS_MAX = 6
/** Requests and their answers, without what they carry. */
const HEADERS_BYTES = 200_000

const root = await mkdtemp(join(tmpdir(), 'blobsync-cut-'))
const server = await serve({ root: join(root, 'server'), port: 0, accounts: [{ user: 'ann', token: 'secret' }] })
const proxy = await cuttingProxy(server.url)
const cipher = streamingCipher(noise(64))
const content = noise(CONTENT_BYTES)
afterAll(async () => {
  await proxy.close()
  await server.close()
  await rm(root, { recursive: true, force: true })
})

const open = (home: string, url: string) =>
  createBlobSync({
    live: false,
    store: fileStore(join(root, home)),
    remote: httpRemote({ url, user: 'ann', token: 'secret' }),
    cipher,
    backoff: { delaysMs: [5] },
  })

/** Cuts each connection after a random number of its bytes, some few times. */
const cutAtRandom = (seed: number) => {
  const random = randomOf(seed)
  // The first numbers of near seeds are near.
  for (let n = 0; n < 5; n += 1) random(2)
  const last = proxy.cuts() + 1 + random(CUTS_MAX)
  // Connections of before would not be cut.
  proxy.cutAll()
  proxy.lifeBytes = () => (proxy.cuts() < last ? 1 + random(CONTENT_BYTES / 2) : Infinity)
}

/** Runs a sync through the proxy. @returns the cuts, and what passed beyond the content. */
const counted = async (run: () => Promise<unknown>, bytes: () => number) => {
  const [cutsBefore, before] = [proxy.cuts(), bytes()]
  await run()
  return { cuts: proxy.cuts() - cutsBefore, again: bytes() - before - cipher.encryptedSize(CONTENT_BYTES) }
}

test.for(Array.from({ length: RUNS }, (_, run) => SEED + run))(
  'a line that is cut at random bytes costs a part at each cut at most, up and down: seed %d',
  { timeout: longOr(60_000, 30_000) },
  async (seed) => {
    const id = `blob-${seed}`
    const [a, b] = [open(`a-${seed}`, proxy.url), open(`b-${seed}`, proxy.url)]
    try {
      cutAtRandom(seed)
      const up = await counted(() => a.put(content, { id }).then(() => a.sync()), proxy.upBytes)
      expect(a.blob(id).getSnapshot().status).toBe('SYNCED')
      expect(up.cuts).toBeGreaterThan(0)
      expect(up.again).toBeLessThanOrEqual(up.cuts * PART_BYTES + HEADERS_BYTES)

      cutAtRandom(seed + 1_000_000)
      const down = await counted(() => b.sync(), proxy.downBytes)
      expect(down.cuts).toBeGreaterThan(0)
      expect(down.again).toBeLessThanOrEqual(down.cuts * PART_BYTES + HEADERS_BYTES)
      expectBytes(await (await b.get(id)).bytes(), content, 'the content')
      if (process.env['BLOBSYNC_TELL'] === '1') console.log(seed, up, down)
      await a.delete(id)
      proxy.lifeBytes = () => Infinity
      await a.sync()
    } finally {
      await Promise.all([a.close(), b.close()])
      for (const home of [`a-${seed}`, `b-${seed}`]) await rm(join(root, home), { recursive: true, force: true })
    }
  },
)
