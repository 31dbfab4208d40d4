import type { Clock } from './clock'
import { failure } from './model/failure'
import { BlobSyncError, type BlobRef } from './options'
import { codecs, type Args, type Message, type Result, type Verb } from './tab-messages'

/** What this tab does for all while it leads, verb by verb. */
export type Runs = { readonly [V in Verb]: (args: Args<V>, signal: AbortSignal) => Promise<Result<V>> }

/** The time for which this tab leads. */
export interface Term {
  /** Fires when it is over. */
  readonly signal: AbortSignal
  readonly run: <V extends Verb>(verb: V, args: Args<V>, signal: AbortSignal) => Promise<Result<V>>
}

export interface AskOptions {
  /** Which blob a failure is about. */
  readonly blob?: BlobRef
  readonly signal?: AbortSignal | undefined
}

/** What is passed on is repeated after this long, then half as often each time, until the answer is there. */
const REPEAT_MS = 500
const REPEAT_MS_MAX = 4_000

interface Open {
  /** Passes it on, or does it, whoever leads now. */
  readonly send: () => void
  readonly onAnswer: (answer: Answer) => void
  readonly callOff: () => void
}

type Answer = Extract<Message, { kind: 'answered' }>

const calledOff = () => new BlobSyncError(failure('Aborted', 'The app called it off, or blobsync was closed.'))

/** What this tab has asked for and not yet been answered: by itself while it leads, else by the tab that does. */
export const openAsks = (clock: Clock, me: string, post: (message: Message) => void) => {
  const open = new Map<string, Open>()
  let term: Term | null = null
  let isClosed = false

  const ask = <V extends Verb>(verb: V, args: Args<V>, { blob, signal }: AskOptions = {}): Promise<Result<V>> =>
    new Promise((resolve, reject) => {
      if (isClosed || signal?.aborted === true) return reject(calledOff())
      const request = crypto.randomUUID()
      const giveUp = new AbortController()
      let waitMs = REPEAT_MS
      let timer: unknown
      const end = (settle: () => void) => {
        clock.clearTimeout(timer)
        open.delete(request)
        signal?.removeEventListener('abort', callOff)
        settle()
      }
      const callOff = () => {
        giveUp.abort()
        if (term === null) post({ kind: 'withdrawn', request })
        end(() => reject(calledOff()))
      }
      const send = () => {
        clock.clearTimeout(timer)
        const now = term
        if (now === null) {
          post({ kind: 'asked', from: me, request, verb, args })
          timer = clock.setTimeout(send, waitMs)
          waitMs = Math.min(2 * waitMs, REPEAT_MS_MAX)
          return
        }
        // What fails because the term ends is done again by the next leader.
        now.run(verb, args, AbortSignal.any([now.signal, giveUp.signal])).then(
          (result) => end(() => resolve(result)),
          (error) => now.signal.aborted || end(() => reject(error)),
        )
      }
      const onAnswer = ({ done, failure: reason }: Answer) => {
        if (reason !== null) end(() => reject(new BlobSyncError(reason, blob ?? null)))
        else if (done !== null && codecs[verb].result.is(done.result)) {
          const { result } = done
          end(() => resolve(result))
        } else return
        post({ kind: 'withdrawn', request })
      }
      open.set(request, { send, onAnswer, callOff })
      signal?.addEventListener('abort', callOff)
      send()
    })

  return {
    ask,
    onAnswer: (answer: Answer) => open.get(answer.request)?.onAnswer(answer),
    /** Somebody else leads now, or this tab: everything is asked again. */
    turnTo: (next: Term | null) => {
      term = next
      for (const { send } of open.values()) send()
    },
    close: () => {
      isClosed = true
      for (const { callOff } of open.values()) callOff()
    },
  }
}
