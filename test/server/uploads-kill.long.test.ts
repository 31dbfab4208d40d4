import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { longOr } from '../long'
import { built, started } from './killing'
import { bytes, folder, serving } from './serving'
import { locationOf, offsetOf, tusClient } from './upload-parts'

const MIB = 2 ** 20
const KILLS = longOr(40, 6)
const UPLOADS = 3
const SIZE_BYTES = longOr(60, 12) * MIB + 12_345
const SEED = Number(process.env['SEED'] ?? 71)
/** The largest part that is sent; the server makes no more than that wait for the disk. */
const PART_BYTES_MAX = 8 * MIB

/** Plain and fast, seeded: which numbers does not matter. */
const randomOf = (seed: number) => {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test(
  `killed at random places, a server tells true offsets and goes on (seed ${SEED})`,
  { timeout: longOr(900_000, 120_000) },
  async () => {
    const random = randomOf(SEED)
    const root = await folder()
    const file = await built()
    const quotaBytes = UPLOADS * SIZE_BYTES
    const contents = Array.from({ length: UPLOADS }, (_, n) => bytes(SIZE_BYTES, n + 1))
    const uploads = new Map<
      string,
      { readonly content: Uint8Array<ArrayBuffer>; readonly path: string; told: number; sent: number }
    >()
    let kills = 0
    let isAllThere = false

    while (!isAllThere) {
      const { child, url } = await started(file, root, { quotaBytes })
      const exited = once(child, 'exit')
      const tus = tusClient(url)
      if (uploads.size === 0)
        for (const [n, content] of contents.entries())
          uploads.set(`b${n}`, { content, path: locationOf(await tus.create(`b${n}`, SIZE_BYTES)), told: 0, sent: 0 })
      expect((await tus.create('more', 16)).status).toBe(507)
      const whole = [...uploads].filter(([, { told }]) => told === SIZE_BYTES).map(([id]) => id)
      const list: string[] = await (await fetch(`${url}/blobs/ann/`, { headers: { authorization: tus.authorization } })).json()
      for (const id of whole) expect(list).toContain(id)

      // So many bytes are handed over in this life, then it is over: in the middle of a part, between two, at the end of all.
      let left = kills < KILLS ? random(Math.floor((UPLOADS * SIZE_BYTES * 2) / KILLS)) : Number.POSITIVE_INFINITY
      const isToDie = left !== Number.POSITIVE_INFINITY
      const kill = () => void child.kill('SIGKILL')
      const body = (content: Uint8Array<ArrayBuffer>, from: number, to: number, count: (sent: number) => void) => {
        let at = from
        return new ReadableStream<Uint8Array>({
          pull: (controller) => {
            const piece = content.slice(at, Math.min(at + 65_536, to))
            at += piece.length
            count(piece.length)
            left -= piece.length
            if (left <= 0) kill()
            controller.enqueue(piece)
            if (at === to) controller.close()
          },
        })
      }
      await Promise.all(
        [...uploads].map(async ([id, upload]) => {
          try {
            const head = await tus.head(upload.path)
            expect(head.status).toBe(200)
            let offset = offsetOf(head) ?? -1
            // What was told is there; what was not, is at most what was sent.
            expect(offset, id).toBeGreaterThanOrEqual(upload.told)
            expect(offset, id).toBeLessThanOrEqual(upload.told + PART_BYTES_MAX)
            upload.told = offset
            while (offset < SIZE_BYTES) {
              const to = Math.min(SIZE_BYTES, offset + MIB + random(PART_BYTES_MAX - MIB))
              const patched = await tus.patch(
                upload.path,
                offset,
                body(upload.content, offset, to, (sent) => (upload.sent += sent)),
              )
              expect([patched.status, offsetOf(patched)]).toEqual([204, to])
              upload.told = offset = to
            }
          } catch (error) {
            // Only a dead server may fail.
            if (!(error instanceof TypeError)) throw error
          }
        }),
      )
      isAllThere = [...uploads.values()].every(({ told }) => told === SIZE_BYTES)
      if (isToDie) kills += 1
      kill()
      await exited
    }

    const { call, server } = await serving({ root, quotaBytes })
    expect(await (await call('/blobs/ann/')).json()).toEqual([...uploads.keys()])
    for (const [id, { content, sent }] of uploads) {
      expect(Buffer.compare(Buffer.from(await (await call(`/blobs/ann/${id}`)).arrayBuffer()), content), id).toBe(0)
      expect(sent, id).toBeLessThanOrEqual(SIZE_BYTES + kills * PART_BYTES_MAX)
    }
    expect(await readdir(join(root, 'uploads'))).toEqual([])
    const payloads = await readdir(join(root, 'payloads'), { recursive: true, withFileTypes: true })
    expect(payloads.filter((entry) => entry.isFile())).toHaveLength(UPLOADS)
    expect((await call('/blobs/ann/more', { method: 'PUT', body: bytes(16) })).status).toBe(507)
    await call('/blobs/ann/b0', { method: 'DELETE' })
    expect((await call('/blobs/ann/more', { method: 'PUT', body: bytes(16) })).status).toBe(200)
    await server.close()
  },
)

test('killed as the last bytes come, a server has the blob or goes on to it', { timeout: longOr(600_000, 120_000) }, async () => {
  const root = await folder()
  const file = await built()
  const ROUNDS = longOr(60, 10)
  const content = bytes(2 * MIB, 9)
  for (let round = 0; round < ROUNDS; round++) {
    const id = `b${round}`
    const first = await started(file, root)
    const tus = tusClient(first.url)
    const upload = locationOf(await tus.create(id, content.length))
    await tus.patch(upload, 0, content.slice(0, MIB))
    const last = tus.patch(upload, MIB, content.slice(MIB)).then(
      ({ status }) => status,
      () => null,
    )
    const exited = once(first.child, 'exit')
    // From before the first byte to after the answer; the rounds spread over what happens between.
    await Promise.race([last, new Promise((resolve) => setTimeout(resolve, round % 12))])
    first.child.kill('SIGKILL')
    await exited
    const status = await last

    const second = await started(file, root)
    const ask = (path: string) => fetch(`${second.url}${path}`, { headers: { authorization: tus.authorization } })
    const again = tusClient(second.url)
    const offset = offsetOf(await again.head(upload)) ?? -1
    const isListed = ((await (await ask('/blobs/ann/')).json()) as string[]).includes(id)
    expect(isListed).toBe(offset === content.length)
    if (status === 204) expect(isListed).toBe(true)
    if (!isListed) {
      expect(offset).toBeGreaterThanOrEqual(MIB)
      expect((await ask(`/blobs/ann/${id}`)).status).toBe(404)
      expect((await again.patch(upload, offset, content.slice(offset))).status).toBe(204)
    }
    expect(Buffer.compare(Buffer.from(await (await ask(`/blobs/ann/${id}`)).arrayBuffer()), content)).toBe(0)
    const gone = once(second.child, 'exit')
    second.child.kill('SIGKILL')
    await gone
  }
})
