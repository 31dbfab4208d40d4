import * as E from 'fp-ts/Either'
import type { Clock } from '../clock'
import { failure, type Failure } from '../model/failure'
import { reasonOf } from './reason-of'

/** The end of one call: by the app's signal, by silence, or because it is over. */
export interface Watchdog {
  /** Fires when the call was given up, so that sockets are freed. */
  readonly signal: AbortSignal

  /**
   * Waits for one step of the call, at most `limitMs`. Left: `Aborted` if the app's signal fired, `Unreachable` if the time was up or
   * the step threw. The timer lives as long as the step.
   */
  readonly watch: <A>(limitMs: number, silence: string, step: () => Promise<A>) => Promise<E.Either<Failure, A>>

  /** The call is over: lets go of the app's signal. */
  readonly release: () => void

  /** Gives the call up, and with it whatever socket it still holds. */
  readonly giveUp: (why: Failure) => void
}

/** Watches one call. */
export const watchdog = (clock: Clock, outer: AbortSignal | undefined): Watchdog => {
  const controller = new AbortController()
  let verdict: Failure | null = null
  let settleStep: ((why: Failure) => void) | null = null

  const giveUp = (why: Failure) => {
    if (verdict !== null) return
    verdict = why
    release()
    controller.abort()
    settleStep?.(why)
  }
  const abort = () => giveUp(failure('Aborted', 'The call was aborted.'))
  const release = () => outer?.removeEventListener('abort', abort)

  if (outer?.aborted === true) abort()
  else outer?.addEventListener('abort', abort, { once: true })

  const watch = <A>(limitMs: number, silence: string, step: () => Promise<A>) =>
    new Promise<E.Either<Failure, A>>((resolve) => {
      if (verdict !== null) return resolve(E.left(verdict))
      const timer = clock.setTimeout(() => giveUp(failure('Unreachable', silence)), limitMs)
      const settle = (outcome: E.Either<Failure, A>) => {
        clock.clearTimeout(timer)
        settleStep = null
        resolve(outcome)
      }
      settleStep = (why) => settle(E.left(why))
      step().then(
        (value) => settle(E.right(value)),
        (thrown: unknown) =>
          settle(E.left(verdict ?? failure('Unreachable', `The remote cannot be reached: ${reasonOf(thrown)}`))),
      )
    })

  return { signal: controller.signal, watch, release, giveUp }
}
