import { release } from '../model/bytes'
import { discard } from './body'
import type { Asked } from './exchange'

/** The body of a request that brings a part. */
export interface PartBody {
  /** What comes, each lent until the next is asked for. A body that breaks off ends here: what came of it counts, and nobody waits for the answer. */
  readonly pieces: AsyncIterable<Uint8Array>
  /** What comes from now on is nobody's. */
  readonly end: () => void
  /** Reads on without keeping anything, so that the connection serves the next request. */
  readonly discard: () => void
}

/** @param isOurs Whether nobody else can see the body. */
export const partBody = ({ req, env }: Asked, isOurs: boolean): PartBody => {
  const reader = req.raw.body?.getReader()
  let isEnded = reader === undefined
  let stopWaiting = () => {}

  const next = () =>
    new Promise<Uint8Array | undefined>((resolve) => {
      stopWaiting = () => resolve(undefined)
      void reader?.read().then(({ value }) => resolve(value), stopWaiting)
    })

  return {
    pieces: (async function* () {
      while (!isEnded) {
        const piece = await next()
        if (piece === undefined) return
        env.bytes += piece.length
        yield piece
        if (isOurs) release(piece)
      }
    })(),
    end: () => {
      isEnded = true
      stopWaiting()
    },
    discard: () => void discard(reader),
  }
}
