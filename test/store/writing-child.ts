import { writeSync } from 'node:fs'
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../../src/model/failure'
import { bytesPayload } from '../../src/model/payload'
import { fileStore } from '../../src/store/file'
import { keyOf, payloadOf, recordOf, type Step } from './steps'

// Writes, stages, drops and removes at random until it is killed. Says each step before it begins and once it is acknowledged.
const [directory = '', seed = '1', first = '1'] = process.argv.slice(2)
const store = fileStore(directory)
let state = Number(seed)
const random = (below: number) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
let version = Number(first)

const run = async (task: TaskEither<Failure, unknown>) => {
  const result = await task()
  if (E.isLeft(result)) throw new Error(result.left.message)
}

const take = async (step: Step) => {
  const key = keyOf(step.id)
  switch (step.kind) {
    case 'write':
      return run(store.write(recordOf(step), bytesPayload(payloadOf(step))))
    case 'stage': {
      const staging = await store.stage(key)()
      if (E.isLeft(staging)) throw new Error(staging.left.message)
      const bytes = payloadOf(step)
      for (let start = 0; start < bytes.length; start += 50_000)
        await run(staging.right.append(bytes.subarray(start, start + 50_000)))
      return run(staging.right.commit(recordOf(step)))
    }
    case 'drop':
      return run(store.drop(recordOf(step)))
    case 'remove':
      return run(store.remove([key]))
  }
}

/** Each lane has ids of its own: one key, one call at a time. */
const lane = async (name: number) => {
  while (true) {
    const step: Step = {
      id: `lane-${name}-${random(5)}`,
      version: version++,
      kind: (['write', 'write', 'write', 'stage', 'stage', 'drop', 'remove'] as const)[random(7)] ?? 'write',
      sizeBytes: [0, 100, 9_000, 200_000, 300_000, 700_000][random(6)] ?? 0,
    }
    writeSync(1, `begins ${JSON.stringify(step)}\n`)
    await take(step)
    writeSync(1, `ends ${JSON.stringify(step)}\n`)
  }
}

process.stdin.on('end', () => process.exit()).resume()
await Promise.all([1, 2, 3, 4, 5, 6].map(lane))
