import * as E from 'fp-ts/Either'
import { createActor, fromCallback, fromPromise, type ActorRefFrom } from 'xstate'
import { electionMachine, type coordinatorMachine, type ElectionEvent } from '../machines'
import type { Failure } from './model/failure'
import type { SharedPower } from './store/store'
import type { Tabs } from './tabs'

export interface Electing {
  readonly shared: SharedPower
  readonly port: Tabs
  readonly random: () => number
  readonly coordinator: ActorRefFrom<typeof coordinatorMachine>
  /** Asks all tabs who leads. */
  readonly ask: () => void
  /** The latest epoch of which this tab has heard. */
  readonly heardEpoch: () => number
  readonly onWon: (epoch: number) => void
  readonly onLost: () => void
  readonly report: (reason: Failure) => void
}

/** With locks, only a leader that is frozen is silent for long. Without them silence is all that tells: 1.7 s at most, then two steps more. */
const timesMs = {
  locks: { trust: 5_000, patience: 10_000 },
  lease: { trust: 400, patience: 1_000 },
}
/** Keeps tabs that fall silent together from claiming together. */
const SPREAD_MS = 300
const REST_MS = 500

/** Takes part in finding out which tab leads, once it is started. */
export const elect = ({ shared, port, random, coordinator, ask, heardEpoch, onWon, onLost, report }: Electing) => {
  const hasLocks = port.lock !== undefined
  const { trust, patience } = timesMs[hasLocks ? 'locks' : 'lease']
  let isLeading = false
  /** Why this tab could not lead when it last tried. */
  let whyNot = ''

  const claim = async (): Promise<number | null> => {
    const heardBefore = heardEpoch()
    const begun = await shared.lead(() => election.send({ type: 'store.refused' }))()
    const reason = E.isLeft(begun) ? begun.left : null
    // It tries again and again.
    if (reason !== null && reason.message !== whyNot) report(reason)
    whyNot = reason?.message ?? ''
    // Meanwhile another tab may have begun a later one, and said so.
    const isLatest = E.isRight(begun) && (heardEpoch() === heardBefore || begun.right > heardEpoch())
    return isLatest ? begun.right : null
  }

  const machine = electionMachine.provide({
    actors: {
      lock: fromCallback<ElectionEvent, { readonly steals: boolean }>(({ input, sendBack }) =>
        port.lock?.(`blobsync ${shared.name}`, {
          steals: input.steals,
          onGranted: () => sendBack({ type: 'lock.granted' }),
          onLost: () => sendBack({ type: 'lock.lost' }),
        }),
      ),
      lead: fromPromise<number | null>(claim),
    },
    actions: { ask },
    delays: { trust, patience: () => patience + random() * SPREAD_MS, rest: REST_MS },
  })
  const election = createActor(machine, { id: 'election', parent: coordinator, input: { hasLocks } })

  election.subscribe(({ value, context }) => {
    const leadsNow = typeof value === 'object' && value.candidate === 'leading'
    if (leadsNow === isLeading) return
    isLeading = leadsNow
    if (leadsNow) onWon(context.epoch)
    else onLost()
  })
  return {
    start: () => {
      election.start()
    },
    send: (event: ElectionEvent) => election.send(event),
  }
}
