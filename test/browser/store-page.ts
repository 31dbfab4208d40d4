import { blobPayload, bytesPayload, type Payload } from '../../src/model/payload'
import type { Store } from '../../src/store/store'
import { bytesOf, done, idsIn, key, payloadOf, recordOf } from './idb-ground'

const answer = async (task: ReturnType<Store['write']>): Promise<string> => {
  const result = await task()
  return result._tag === 'Left' ? `${result.left._tag}: ${result.left.message}` : 'done'
}

/** What a test does with a store on a page. Failures come back as text. */
export const groundOn = (store: Store) => {
  let chosen: Payload | null = null
  return {
    write: (id: string, sizeBytes: number) => answer(store.write(recordOf(id), bytesPayload(bytesOf(sizeBytes)))),
    remove: (id: string) => answer(store.remove([key(id)])),
    ids: () => idsIn(store),
    isWhole: async (id: string, sizeBytes: number) => {
      const payload = await payloadOf(store, id)
      return payload !== null && payload.length === sizeBytes && bytesOf(sizeBytes).every((byte, at) => byte === payload[at])
    },
    /** Appends until it is done or fails. */
    stage: async (id: string, pieces: number) => {
      const staging = await done(store.stage(key(id)))
      for (let piece = 0; piece < pieces; piece += 1) {
        const appended = await answer(staging.append(bytesOf(1_000_000)))
        if (appended !== 'done') return { answer: appended, piece }
      }
      return { answer: await answer(staging.commit(recordOf(id))), piece: pieces }
    },
    choose: (input: HTMLInputElement) => {
      chosen = blobPayload(input.files![0]!)
    },
    writeChosen: async (id: string) => (chosen === null ? 'nothing chosen' : answer(store.write(recordOf(id), chosen))),
  }
}

declare global {
  var ground: ReturnType<typeof groundOn>
}
