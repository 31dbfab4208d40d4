import { base, SLOWDOWN_MS } from './coordinator-base'
import { blobActions } from './coordinator-blobs'
import { listActions } from './coordinator-lists'
import { shareActions } from './coordinator-shares'
import { tabActions } from './coordinator-tabs'

const actions = { ...shareActions, ...blobActions, ...listActions, ...tabActions }

/**
 * Supervises the blobs' actors: who lives, who holds a slot, when the remote is listed, and what holds for all of them at
 * once. `recall`, `list`, `refreshAccess` and `measureRoom` are provided by whoever embeds the chart, and so are the blob chart's actors.
 */
export const coordinatorMachine = base.extend({ actions }).createMachine({
  id: 'coordinator',
  description: 'Supervises the actors of all blobs of one device.',
  context: ({ input }) => ({
    ...input,
    batchSlots: 0,
    alarmAtMs: null,
    accessRound: 0,
    isTokenProven: true,
    listAttempts: 0,
    isListWanted: false,
    listFailure: null,
    listWaitMs: 0,
    slowdownMs: SLOWDOWN_MS,
    slowUntilMs: 0,
    listAccessRound: 0,
  }),
  type: 'parallel',
  on: {
    'slots.shared': { actions: 'shareOut' },
    'blob.added': [{ guard: 'mayEnter', actions: ['takeIn', 'shareOut'] }, { actions: 'takeIn' }],
    'batches.offered': { actions: ['takeBatches', 'share'] },
    'blob.wanted': { actions: ['takeIn', 'shareOut'] },
    'blob.unwanted': { actions: ['letGo', 'shareOut'] },
    'blob.observed': { actions: ['observe', 'shareOut'] },
    'blob.unobserved': { actions: ['observe', 'dismiss', 'shareOut'] },
    'blob.commanded': { actions: 'command' },
    'blob.answered': { actions: ['endCall', 'dismiss', 'shareOut'] },
    'blob.moved': [{ guard: 'hasFailed', actions: ['followBlob', 'share'] }, { actions: ['followBlob', 'shareOut'] }],
    'blob.gone': { actions: 'forgetBlob' },
    'list.written': { actions: ['takeWritten', 'shareOut'] },
    'backoff.waived': { actions: ['wakeAll', 'shareOut'] },
    'alarm.rang': { actions: ['promoteDue', 'shareOut'] },
    'sync.closed': { actions: 'stopAll' },
    'xstate.error.actor.*': { actions: 'setAside' },
  },
  states: {
    connectivity: {
      description: 'Whether the device believes to be online.',
      initial: 'deciding',
      states: {
        deciding: {
          description: 'Begins as the device says.',
          always: [{ guard: 'startsOnline', target: 'online' }, { target: 'offline' }],
        },
        online: {
          description: 'Transfers may start.',
          on: { 'connectivity.changed': { guard: 'goesOffline', target: 'offline', actions: 'share' } },
        },
        offline: {
          description: 'No transfer starts and no blob has a timer.',
          on: { 'connectivity.changed': { guard: 'goesOnline', target: 'online', actions: ['wakeAll', 'share'] } },
        },
      },
    },
    access: {
      description: 'Whether the remote takes the token.',
      initial: 'granted',
      states: {
        granted: {
          description: 'The token is good, as far as is known.',
          on: {
            'access.refused': [{ guard: 'isTokenProven', target: 'refreshing' }, { target: 'denied' }],
          },
        },
        refreshing: {
          description: 'The app is asked for a new token, once for all.',
          invoke: {
            src: 'refreshAccess',
            onError: 'denied',
            onDone: [
              {
                guard: 'renewedAccess',
                target: 'granted',
                actions: ['renewAccess', 'tellRenewal', 'share'],
              },
              { target: 'denied' },
            ],
          },
        },
        denied: {
          description: 'No transfer starts until the app resumes.',
          on: { 'sync.resumed': { target: 'granted', actions: ['trustAgain', 'tellRenewal', 'share'] } },
        },
      },
    },
    reconciliation: {
      description: 'Compares the list of the remote with the records.',
      initial: 'recalling',
      on: { 'records.wanted': '.recalling' },
      states: {
        recalling: {
          description: 'Reads the records that the store holds.',
          on: { 'sync.requested': { actions: 'wantList' } },
          invoke: {
            src: 'recall',
            onError: { target: 'broken', actions: 'reportRecallCrash' },
            onDone: [
              {
                guard: 'didRecall',
                target: 'idle',
                actions: 'takeRecords',
              },
              {
                target: 'broken',
                actions: 'reportBroken',
              },
            ],
          },
        },
        broken: { description: 'The store cannot be opened; nothing can be done.' },
        idle: {
          description: 'Waits to be asked.',
          always: { guard: 'mustList', target: 'listing' },
          on: { 'sync.requested': { actions: 'wantList' } },
        },
        listing: {
          description: 'Lists the remote, compares, and writes what follows.',
          entry: 'listNow',
          on: { 'sync.requested': { actions: 'wantList' }, 'leadership.lost': 'idle' },
          invoke: {
            src: 'list',
            onError: { target: 'backingOff', actions: 'noteListCrash' },
            onDone: [
              {
                guard: 'didList',
                target: 'idle',
                actions: 'takeComparison',
              },
              {
                target: 'backingOff',
                actions: 'noteListFailure',
              },
            ],
          },
        },
        backingOff: {
          description: 'The list could not be read; waits, longer after each attempt.',
          after: { listBackoff: { guard: 'mayList', target: 'listing' } },
          on: {
            'sync.requested': 'listing',
            'access.renewed': 'listing',
            'leadership.lost': 'idle',
            'connectivity.changed': { guard: 'goesOnline', target: 'listing' },
          },
        },
      },
    },
    transfers: {
      description: 'Whether the app wants transfers.',
      initial: 'deciding',
      states: {
        deciding: {
          description: 'Begins as the options say.',
          always: [{ guard: 'startsPaused', target: 'paused' }, { target: 'running' }],
        },
        running: {
          description: 'Transfers start as slots are free.',
          on: { 'sync.paused': { target: 'paused', actions: ['revokeSlots', 'share'] } },
        },
        paused: {
          description: 'Only what the app asked for by `get` is transferred.',
          on: { 'sync.resumed': { target: 'running', actions: 'share' } },
        },
      },
    },
    quota: {
      description: 'Whether the account has room.',
      initial: 'available',
      states: {
        available: {
          description: 'Uploads may start.',
          on: { 'quota.exceeded': 'exhausted' },
        },
        exhausted: {
          description: 'The account is full: uploads wait, downloads go on.',
          after: { quotaProbe: { target: 'probing', actions: 'share' } },
          on: { 'sync.resumed': { target: 'probing', actions: 'share' } },
        },
        probing: {
          description: 'One upload finds out whether there is room again.',
          on: { 'quota.exceeded': 'exhausted', 'quota.proven': { target: 'available', actions: 'share' } },
        },
      },
    },
    room: {
      description: 'Whether this device has room.',
      initial: 'available',
      states: {
        available: {
          description: 'Downloads may start.',
          on: { 'storage.filled': [{ guard: 'makesRoom', target: 'probing' }, { target: 'full' }] },
        },
        full: {
          description: 'Downloads wait; what is stored stays.',
          after: { quotaProbe: 'probing' },
          on: { 'sync.resumed': 'probing', 'room.changed': 'probing' },
        },
        probing: {
          description: 'Measures whether there is room again; what the remote holds too may be evicted for it.',
          invoke: {
            src: 'measureRoom',
            onError: 'full',
            onDone: [{ guard: 'hasRoom', target: 'available', actions: 'share' }, { target: 'full' }],
          },
        },
      },
    },
    leadership: {
      description: 'Whether the work is this tab’s: of those that share a store, one works.',
      initial: 'deciding',
      states: {
        deciding: {
          description: 'Begins as the store says.',
          always: [{ guard: 'isShared', target: 'follower' }, { target: 'alone' }],
        },
        alone: { description: 'Nobody else has the store open.' },
        follower: {
          description: 'Shows what the leader tells: lists nothing, transfers nothing, writes nothing.',
          on: { 'leadership.won': 'succeeding', 'records.mirrored': { actions: 'mirror' } },
        },
        succeeding: {
          description: 'The store takes its writes: reads what it holds, then leads.',
          entry: 'recallAgain',
          on: {
            'records.taken': { target: 'leader', actions: ['takeOffice', 'share'] },
            'leadership.lost': 'follower',
          },
        },
        leader: {
          description: 'Lists, transfers and writes for all.',
          on: { 'leadership.lost': { target: 'follower', actions: ['standDown', 'share'] } },
        },
      },
    },
    pace: {
      description: 'Whether the remote asked for less.',
      initial: 'flowing',
      states: {
        flowing: { description: 'Transfers may start.', on: { 'pace.exceeded': 'slowed' } },
        slowed: {
          description: 'No transfer starts for as long as the remote asked.',
          after: { slowdown: { target: 'flowing', actions: 'share' } },
          on: { 'pace.exceeded': { target: 'slowed', reenter: true } },
        },
      },
    },
  },
})
