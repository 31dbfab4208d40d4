import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { expect, onTestFinished, test } from 'vitest'
import { ANN, bytes, folder, serving } from './serving'

const ROUNDS = 10
const PUTS = 60

/** The server as one file that plain Node runs; inside the project, so that its packages are found. */
const built = async () => {
  const directory = await mkdtemp(join(import.meta.dirname, '../../node_modules/.killable-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const file = join(directory, 'killable.mjs')
  const bundle = await rolldown({ input: join(import.meta.dirname, 'killable.ts'), platform: 'node', logLevel: 'silent' })
  await bundle.write({ file, codeSplitting: false })
  return file
}

const started = async (file: string, root: string) => {
  const child = spawn(process.execPath, [file, root], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  return { child, url: String(line).trim() }
}

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
