import * as E from 'fp-ts/Either'
import type { Clock } from '../clock'
import { failure, type Failure } from '../model/failure'

/** Sends what was collected. @returns an answer for each item, in their order. What it throws is thrown to each. */
export type Send<Item, A> = (items: readonly Item[], signal: AbortSignal) => Promise<readonly E.Either<Failure, A>[]>

/** Items that may share a request. */
export interface Group<Item, A> {
  /** Waits for the answer to one item. A signal that fires ends the wait; the request goes on for the others. */
  readonly add: (item: Item, signal: AbortSignal | undefined) => Promise<E.Either<Failure, A>>
}

export interface CollectorOptions {
  /** How many requests may be under way at once, of all groups together. */
  readonly lanes: number
  /** The most items of one request. */
  readonly itemsMax: number
  readonly clock: Clock
}

/**
 * Lets items wait until a lane is free, and at least until those that come in the same moment are there; groups take turns. No more lanes
 * are used than all items together would fill: whoever lets items share slots counts them so.
 */
export const collector = ({ lanes, itemsMax, clock }: CollectorOptions) => {
  const queue: (() => Promise<void>)[] = []
  let unanswered = 0
  let underWay = 0
  let isDue = false

  const isLaneFree = () => underWay < Math.min(lanes, Math.ceil(unanswered / itemsMax))

  const go = () => {
    isDue = false
    while (isLaneFree()) {
      const sendNext = queue.shift()
      if (sendNext === undefined) return
      underWay += 1
      void sendNext().finally(() => {
        underWay -= 1
        soon()
      })
    }
  }
  const soon = () => {
    if (isDue || !isLaneFree() || queue.length === 0) return
    isDue = true
    clock.setTimeout(go, 0)
  }

  return <Item, A>(send: Send<Item, A>): Group<Item, A> => {
    let waiting: Waiting<Item, A>[] = []

    const sendSome = async () => {
      const some = waiting.slice(0, itemsMax)
      if (some.length === 0) return
      waiting = waiting.slice(itemsMax)
      if (waiting.length > 0) queue.push(sendSome)
      const controller = new AbortController()
      let left = some.length
      for (const each of some) {
        each.onAbort = () => {
          left -= 1
          if (left === 0) controller.abort()
        }
      }
      try {
        const answers = await send(
          some.map(({ item }) => item),
          controller.signal,
        )
        some.forEach(({ settle }, at) =>
          settle(answers[at] ?? E.left(failure('Unreachable', 'The remote gave no answer for this blob.'))),
        )
      } catch (thrown) {
        for (const { crash } of some) crash(thrown)
      }
    }

    const add = (item: Item, signal: AbortSignal | undefined) =>
      new Promise<E.Either<Failure, A>>((resolve, reject) => {
        const abort = () => {
          waiting = waiting.filter((other) => other !== own)
          own.onAbort()
          own.settle(E.left(failure('Aborted', 'The call was aborted.')))
        }
        let isAnswered = false
        const end = () => {
          if (isAnswered) return
          isAnswered = true
          unanswered -= 1
          signal?.removeEventListener('abort', abort)
        }
        const own: Waiting<Item, A> = {
          item,
          onAbort: () => {},
          settle: (answer) => {
            end()
            resolve(answer)
          },
          crash: (thrown) => {
            end()
            reject(thrown)
          },
        }
        unanswered += 1
        if (signal?.aborted === true) return abort()
        signal?.addEventListener('abort', abort, { once: true })
        if (waiting.push(own) === 1) queue.push(sendSome)
        soon()
      })

    return { add }
  }
}

interface Waiting<Item, A> {
  readonly item: Item
  /** Called when the caller no longer waits. */
  onAbort: () => void
  readonly settle: (answer: E.Either<Failure, A>) => void
  readonly crash: (thrown: unknown) => void
}
