import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parcel } from './api/row'
import { built, started } from './killing'
import { ANN, bytes, folder, serving } from './serving'

const ROUNDS = 10
const PUTS = 60

/** Small and large by turns, the content told by the id. */
const sizeOf = (n: number) => (n % 3 === 0 ? 400_000 : 5_000 + n)

test(
  'killed in the middle of uploads, a server has all that it acknowledged and nothing by halves',
  { timeout: 120_000 },
  async () => {
    const root = await folder()
    const file = await built()
    const acknowledged = new Map<string, number>()
    const tried = new Map<string, number>()

    for (let round = 0; round < ROUNDS; round++) {
      const { child, url } = await started(file, root)
      // The seed of a round is its number: how many acknowledgements come before the kill.
      const killAfter = (round * 7 + 3) % 40
      let acknowledgements = 0
      let next = 0
      const exited = once(child, 'exit')
      const uploader = async () => {
        while (next < PUTS) {
          const n = next++
          const id = `r${round}-${n}`
          tried.set(id, n)
          const options = { method: 'PUT', headers: { authorization: ANN }, body: bytes(sizeOf(n), n) }
          const isStored = await fetch(`${url}/blobs/ann/${id}`, options).then(
            ({ status }) => status === 200,
            () => false,
          )
          if (!isStored) return
          acknowledged.set(id, n)
          acknowledgements += 1
          if (acknowledgements === killAfter) child.kill('SIGKILL')
        }
      }
      await Promise.all(Array.from({ length: 6 }, uploader))
      await exited
      expect(acknowledgements, `round ${round}`).toBeGreaterThanOrEqual(killAfter)
    }

    const { call, server } = await serving({ root })
    const listed: string[] = await (await call('/blobs/ann/')).json()
    expect([...acknowledged.keys()].filter((id) => !listed.includes(id))).toEqual([])
    for (const id of listed) {
      const n = tried.get(id) ?? -1
      const stored = Buffer.from(await (await call(`/blobs/ann/${id}`)).arrayBuffer())
      expect(Buffer.compare(stored, bytes(sizeOf(n), n)), id).toBe(0)
    }
    const names = await Promise.all((await readdir(join(root, 'payloads'))).map((name) => readdir(join(root, 'payloads', name))))
    expect(names.flat()).toHaveLength(listed.filter((id) => sizeOf(tried.get(id) ?? -1) === 400_000).length)
    expect(await readdir(join(root, 'arriving'))).toEqual([])
    await server.close()
  },
)

test('killed in the middle of streams, a server has each of them whole or not at all', { timeout: 120_000 }, async () => {
  const root = await folder()
  const file = await built()
  const acknowledged: string[] = []
  const sizes = [5_000, 300_000, 16, 150_000, 40_000]

  for (let round = 0; round < 6; round++) {
    const { child, url } = await started(file, root)
    const killAfter = 1 + ((round * 5) % 11)
    const exited = once(child, 'exit')
    let acknowledgements = 0
    let next = 0
    const uploader = async () => {
      while (next < 40) {
        const name = `r${round}s${next++}`
        const body = new Uint8Array(parcel(...sizes.map((size, n) => [`${name}-${n}`, bytes(size, n)] as const)))
        const options = { method: 'POST', headers: { authorization: ANN }, body }
        const isStored = await fetch(`${url}/stream/ann/?direction=upload`, options).then(
          ({ status }) => status === 200,
          () => false,
        )
        if (!isStored) return
        acknowledged.push(name)
        acknowledgements += 1
        if (acknowledgements === killAfter) child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: 5 }, uploader))
    await exited
  }

  const { call, server } = await serving({ root })
  const listed: string[] = await (await call('/blobs/ann/')).json()
  const names = new Set(listed.map((id) => id.split('-')[0]))
  expect(acknowledged.filter((name) => !names.has(name))).toEqual([])
  expect(listed).toHaveLength(names.size * sizes.length)
  for (const id of listed) {
    const n = Number(id.split('-')[1])
    const stored = Buffer.from(await (await call(`/blobs/ann/${id}`)).arrayBuffer())
    expect(Buffer.compare(stored, bytes(sizes[n] ?? 0, n)), id).toBe(0)
  }
  expect(await readdir(join(root, 'arriving'))).toEqual([])
  await server.close()
})
