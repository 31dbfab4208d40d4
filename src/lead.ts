import * as E from 'fp-ts/Either'
import type { ActorRefFrom } from 'xstate'
import type { coordinatorMachine, Roster } from '../machines'
import type { Runs, Term } from './asks'
import type { Clock } from './clock'
import { failure, type Failure } from './model/failure'
import { blobKey, keyText, type BlobKey } from './model/ids'
import type { BlobRecord } from './model/record'
import { isBlobSyncError } from './options'
import { codecs, type Args, type Change, type Message, type Result, type Verb } from './tab-messages'
import type { watch } from './watch'

export interface Leading {
  readonly epoch: number
  readonly clock: Clock
  readonly coordinator: ActorRefFrom<typeof coordinatorMachine>
  readonly roster: Roster
  readonly shown: ReturnType<typeof watch>
  /** Whether the store holds this very record. */
  readonly isSaved: (record: BlobRecord) => boolean
  readonly runs: Runs
  readonly post: (message: Message) => void
}

/** The most changes of one message. */
const CHANGES_MAX = 500
/** Progress is told this often. */
const PROGRESS_MS = 100
/** Answers that are kept for those who ask again, of whom some may have crashed. */
const ANSWERS_MAX = 1_000

type Asked = Extract<Message, { kind: 'asked' }>
type Answer = Extract<Message, { kind: 'answered' }>

/** One term as leader: tells the followers what changes, and does once what they ask for. */
export const lead = ({ epoch, clock, coordinator, roster, shown, isSaved, runs, post }: Leading) => {
  const over = new AbortController()
  const followers = new Set<string>()
  const answers = new Map<string, Answer>()
  const underWay = new Map<string, AbortController>()
  let told: number | null = null
  let isTelling = false
  let lastRegions = ''
  let toldProgressAtMs = 0
  let begin = () => {}
  const hasBegun = new Promise<void>((resolve) => {
    begin = resolve
  })

  const announce = (to: string | null = null) => post({ kind: 'leads', epoch, told, to })

  /** Tells again what whoever reads the store now may not find there. */
  const tellRest = () => {
    for (const key of roster.inPhase.transferring) roster.touched?.add(key)
    for (const record of roster.all()) if (!isSaved(record)) roster.touched?.add(keyText(record))
    lastRegions = ''
    tellSoon()
  }

  const changeOf = (text: string): readonly Change[] => {
    const [namespace, id = ''] = text.split('/')
    const key = blobKey(id, namespace)
    if (E.isLeft(key)) return []
    const { phase, progress } = shown.view(key.right)
    return [{ ...key.right, record: roster.byText(text) ?? null, phase, progress }]
  }

  const tell = () => {
    isTelling = false
    const { touched } = roster
    if (touched === null || told === null || over.signal.aborted) return
    const isPaused = coordinator.getSnapshot().value.transfers === 'paused'
    const regions = shown.regions()
    const shownRegions = JSON.stringify([isPaused, regions])
    if (touched.size === 0 && shownRegions === lastRegions) return
    lastRegions = shownRegions
    const keys = [...touched]
    touched.clear()
    for (let at = 0; at === 0 || at < keys.length; at += CHANGES_MAX) {
      told += 1
      post({ kind: 'changed', epoch, told, regions, isPaused, changes: keys.slice(at, at + CHANGES_MAX).flatMap(changeOf) })
    }
  }
  const tellSoon = () => {
    if (isTelling || roster.touched === null) return
    isTelling = true
    queueMicrotask(tell)
  }
  const subscription = coordinator.subscribe(tellSoon)

  const hear = (from: string) => {
    followers.add(from)
    if (told !== null) roster.touched ??= new Set()
  }

  const run = async <V extends Verb>(verb: V, args: Args<V>, signal: AbortSignal): Promise<Result<V>> => {
    await hasBegun
    return runs[verb](args, signal)
  }

  const answer = async ({ request, verb, args }: Asked) => {
    const common = { kind: 'answered', epoch, request } as const
    answers.set(request, { ...common, done: null, failure: null })
    const withdrawal = new AbortController()
    underWay.set(request, withdrawal)
    const result = await settled(verb, args, AbortSignal.any([over.signal, withdrawal.signal]))
    underWay.delete(request)
    if (withdrawal.signal.aborted) answers.delete(request)
    // What ends with the term is done by the next leader.
    if (over.signal.aborted || withdrawal.signal.aborted) return
    tell()
    const [done, reason] = E.isRight(result) ? [{ result: result.right }, null] : [null, result.left]
    const given: Answer = { ...common, done, failure: reason }
    answers.set(request, given)
    post(given)
    for (const old of answers.keys()) {
      if (answers.size <= ANSWERS_MAX) break
      if (!underWay.has(old)) answers.delete(old)
    }
  }

  const settled = async <V extends Verb>(verb: V, args: unknown, signal: AbortSignal): Promise<E.Either<Failure, Result<V>>> => {
    if (!codecs[verb].args.is(args))
      return E.left(failure('Corrupt', `Another tab asks for “${verb}” in a way that this one does not know.`))
    try {
      return E.right(await run(verb, args, signal))
    } catch (error) {
      return E.left(isBlobSyncError(error) ? error.failure : failure('Corrupt', `A bug: ${String(error)}`))
    }
  }

  const term: Term = { signal: over.signal, run }

  return {
    term,
    announce,
    /** The store has been read: from now on this tab works. */
    begin: () => {
      told = 0
      roster.touched = followers.size === 0 ? null : new Set()
      begin()
      announce()
    },
    onPing: ({ from, reads }: Extract<Message, { kind: 'ping' }>) => {
      hear(from)
      announce(reads ? from : null)
      if (reads) tellRest()
    },
    onBye: (from: string) => followers.delete(from),
    onAsked: (asked: Asked) => {
      hear(asked.from)
      const known = answers.get(asked.request)
      if (known === undefined) void answer(asked)
      else post(known)
    },
    /** Nobody waits for it any more: it is called off, or its answer has come, which may be large. */
    onWithdrawn: (request: string) => {
      underWay.get(request)?.abort()
      if (!underWay.has(request)) answers.delete(request)
    },
    onProgress: (key: BlobKey) => {
      if (roster.touched === null) return
      roster.touched.add(keyText(key))
      if (clock.now() - toldProgressAtMs < PROGRESS_MS) return
      toldProgressAtMs = clock.now()
      tellSoon()
    },
    end: () => {
      over.abort()
      subscription.unsubscribe()
      roster.touched = null
    },
  }
}
