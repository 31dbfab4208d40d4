import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../../src/model/failure'
import { fileStore } from '../../src/store/file'
import type { Store } from '../../src/store/store'
import { bundled, startChild } from './child'
import { keyOf, payloadOf, recordOf, Step } from './steps'

const root = await mkdtemp(join(tmpdir(), 'blobsync-crash-'))
afterAll(() => rm(root, { recursive: true }))

const ROUNDS = 10
const seed = Number(process.env['SEED'] ?? 20_260)

const must = async <A>(task: TaskEither<Failure, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw new Error(`${result.left._tag}: ${result.left.message}`)
  return result.right
}

/** For each id, what the store may hold: what was acknowledged last, and what had begun after it. */
type Expected = Map<string, readonly Step[]>

const nothing = (id: string): Step => ({ id, version: 0, kind: 'remove', sizeBytes: 0 })

const follow = async (lines: AsyncIterable<string>, expected: Expected, until: number, kill: () => Promise<void>) => {
  let ended = 0
  let killed: Promise<void> | null = null
  for await (const line of lines) {
    const [, verb, json = ''] = /^(begins|ends) (.*)$/.exec(line) ?? []
    const step: unknown = JSON.parse(json)
    if (!Step.is(step)) throw new Error(`an odd line: ${line}`)
    const { id } = step
    expected.set(id, verb === 'begins' ? [...(expected.get(id) ?? [nothing(id)]), step] : [step])
    if (verb === 'ends' && ++ended === until) killed = kill()
  }
  await killed
  expect(ended).toBeGreaterThanOrEqual(until)
}

/** Checks that the store holds one of the expected states, whole. @returns which. */
const found = async (store: Store, id: string, steps: readonly Step[]): Promise<Step> => {
  const record = await must(store.record(keyOf(id)))
  const payload = await must(store.read(keyOf(id)))
  const version = O.isSome(record) ? record.value.changedAtMs : null
  const step = steps.find(({ kind, version: of }) => (version === null ? kind === 'remove' : kind !== 'remove' && of === version))
  if (step === undefined) throw new Error(`${id} holds version ${version}, which is none of ${JSON.stringify(steps)}`)
  if (step.kind === 'remove') expect(O.isNone(payload)).toBe(true)
  else expect(record).toEqual(O.some(recordOf(step)))
  if (step.kind === 'drop') expect(O.isNone(payload)).toBe(true)
  if (step.kind === 'write' || step.kind === 'stage') {
    if (O.isNone(payload)) throw new Error(`${id} lost its payload`)
    expect(Buffer.compare(await must(payload.value.read()), payloadOf(step))).toBe(0)
  }
  return step
}

test(
  `nothing acknowledged is lost and nothing is half there after ${ROUNDS} kills (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    const directory = join(root, 'home')
    const script = await bundled('writing-child', root)
    const expected: Expected = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      const versions = [...expected.values()].flat().map((step) => step.version)
      const child = startChild(script, directory, String(seed + round), String(Math.max(0, ...versions) + 1))
      onTestFinished(child.kill)
      await follow(child.lines, expected, 1 + ((seed * (round + 7) * 37) % 120), child.kill)

      const store = fileStore(directory)
      for (const record of await must(store.records())) expect(E.isRight(record) && expected.has(record.right.id)).toBe(true)
      let files = 0
      for (const [id, steps] of expected) {
        const step = await found(store, id, steps)
        if ((step.kind === 'write' || step.kind === 'stage') && step.sizeBytes > 262_144) files++
        expected.set(id, [step])
      }
      expect(await countFiles(join(directory, 'payloads'))).toBe(files)
      await must(store.close())
    }
  },
)

const countFiles = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((name) => name.isFile()).length
