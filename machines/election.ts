import { assign, fromCallback, fromPromise, setup } from 'xstate'
import { outputOf } from './coordinator-base'

export interface ElectionInput {
  /** Whether a lock tells who leads; else tabs go by who answers. */
  readonly hasLocks: boolean
}

interface ElectionContext extends ElectionInput {
  /** The next request for the lock takes it from whoever holds it. */
  readonly steals: boolean
  /** Its place was taken by somebody whom it has not heard since: a tab that speaks otherwise, or none can be heard. */
  readonly isOusted: boolean
  /** The epoch that this tab began last. */
  readonly epoch: number
}

export type ElectionEvent =
  | { readonly type: 'lock.granted' }
  | { readonly type: 'lock.lost' }
  /** A leader has said that it is there. */
  | { readonly type: 'leader.heard'; readonly epoch: number }
  /** The leader has said that it closes. */
  | { readonly type: 'leader.left' }
  /** The store refused a write, because a later epoch has begun; or what it holds could not be read. */
  | { readonly type: 'store.refused' }
  | { readonly type: 'election.closed' }

/**
 * Finds out which of the tabs that share a store leads. `lock` waits for the lock as long as it runs and holds it from then on; `lead`
 * begins an epoch in the store and gives its number, or null. They are provided by whoever embeds the chart.
 */
export const electionMachine = setup({
  types: { input: {} as ElectionInput, context: {} as ElectionContext, events: {} as ElectionEvent },
  actors: {
    lock: fromCallback<ElectionEvent, { readonly steals: boolean }>(() => {}),
    lead: fromPromise<number | null>(() => new Promise(() => {})),
  },
  guards: {
    hasLocks: ({ context }) => context.hasLocks,
    /** Whoever would take the place back from somebody unheard would lose it again, and so for ever: it waits for the lock. */
    mustQueue: ({ context }) => context.hasLocks && context.isOusted,
    isLed: ({ event }) => outputOf<number | null>(event) !== null,
    isLaterEpoch: ({ context, event }) => event.type === 'leader.heard' && event.epoch > context.epoch,
  },
  actions: {
    /** Asks who leads. */
    ask: () => {},
    takeEpoch: assign({ epoch: ({ context, event }) => outputOf<number | null>(event) ?? context.epoch }),
    dareToSteal: assign({ steals: true }),
    stealNoMore: assign({ steals: false }),
    noteOusting: assign({ isOusted: true }),
    noteLeader: assign({ isOusted: false }),
  },
  delays: {
    /** How long after its last word the leader is asked whether it is there. */
    trust: 0,
    /** How long it has for its answer. */
    patience: 0,
    rest: 0,
  },
}).createMachine({
  id: 'election',
  description: 'Finds out whether this tab leads those that share its store.',
  context: ({ input }) => ({ ...input, steals: false, isOusted: false, epoch: 0 }),
  initial: 'candidate',
  on: { 'election.closed': '.closed' },
  states: {
    candidate: {
      description: 'Queues for the lock, or holds it.',
      invoke: { src: 'lock', input: ({ context }) => ({ steals: context.steals }) },
      initial: 'asking',
      on: {
        'lock.granted': { target: '.claiming', actions: 'stealNoMore' },
        'lock.lost': { target: 'resting', actions: 'noteOusting' },
      },
      states: {
        asking: {
          description: 'Has asked who leads, and waits for the answer.',
          entry: 'ask',
          on: { 'leader.heard': { target: 'trusting', actions: 'noteLeader' } },
          after: {
            patience: [
              { guard: 'mustQueue', target: 'asking', reenter: true },
              { guard: 'hasLocks', target: '#election.candidate', reenter: true, actions: 'dareToSteal' },
              { target: 'claiming' },
            ],
          },
        },
        trusting: {
          description: 'Another tab leads, and was heard lately.',
          on: {
            'leader.heard': { target: 'trusting', reenter: true },
            // With locks, its lock is about to be free.
            'leader.left': [{ guard: 'hasLocks', target: 'asking' }, { target: 'claiming' }],
          },
          after: { trust: 'asking' },
        },
        claiming: {
          description: 'Begins an epoch in the store, which shuts out whoever led before.',
          invoke: {
            src: 'lead',
            onError: '#election.resting',
            onDone: [{ guard: 'isLed', target: 'leading', actions: 'takeEpoch' }, { target: '#election.resting' }],
          },
        },
        leading: {
          description: 'This tab leads.',
          on: {
            'leader.heard': { guard: 'isLaterEpoch', target: '#election.resting' },
            'store.refused': { target: '#election.resting', actions: 'noteOusting' },
          },
        },
      },
    },
    resting: {
      description: 'Was deposed, or cannot lead: leaves the others the first move.',
      on: { 'leader.heard': { target: 'candidate', actions: 'noteLeader' } },
      after: { rest: 'candidate' },
    },
    closed: { description: 'The tab takes no part any more.', type: 'final' },
  },
})
