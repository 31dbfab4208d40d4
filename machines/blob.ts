import { base } from './blob-base'

/** What pending blobs have in common, whatever they wait for. */
const waiting = {
  queued: base.createStateConfig({
    description: 'Waits for one of the coordinator’s slots.',
    entry: { type: 'report', params: { phase: 'queued' } },
    on: { 'slot.granted': { target: 'transferring', actions: 'takeTurn' } },
  }),
  backingOff: base.createStateConfig({
    description: 'Waits, longer after each attempt, without a slot.',
    entry: { type: 'report', params: { phase: 'backingOff' } },
    after: { backoff: { target: 'queued', actions: 'forgetDueTime' } },
    on: {
      'blob.woken': { target: 'queued', actions: 'forgetDueTime' },
      'blob.retried': { target: 'queued', actions: 'forgetDueTime' },
    },
  }),
  held: base.createStateConfig({
    description: 'Kept out of the queue for the reason in the record.',
    entry: { type: 'report', params: { phase: 'held' } },
    on: { 'blob.retried': { guard: 'mayRetry', target: 'queued', actions: ['beginAgain', 'remember'] } },
  }),
}

const deciding = base.createStateConfig({
  description: 'Finds out whether the blob may go, must wait or is held.',
  always: [{ guard: 'isHeld', target: 'held' }, { guard: 'isWaiting', target: 'backingOff' }, { target: 'queued' }],
})

/**
 * The life of one blob. The actors `upload`, `download` and `erase` each run one whole attempt and write the record before
 * they resolve; `mark` writes the mark of a deletion. They are provided by whoever embeds the chart.
 */
export const blobMachine = base.createMachine({
  id: 'blob',
  description: 'The life of one blob on one device.',
  context: ({ input }) => ({ ...input, waitMs: 0 }),
  initial: 'remembering',
  on: {
    'blob.deleted': '.PENDING_DELETE',
    'blob.revised': { target: '.remembering', actions: 'takeRevision' },
    'blob.prioritised': { actions: ['takePriority', 'remember', { type: 'report', params: { phase: null } }] },
    'slot.granted': { actions: 'takeTurn' },
  },
  states: {
    remembering: {
      description: 'Goes to where the record says that the blob is; with a slot, right into its transfer.',
      always: [
        { guard: 'beginsUpload', target: 'PENDING_UPLOAD.transferring' },
        { guard: 'beginsDownload', target: 'PENDING_DOWNLOAD.transferring' },
        { guard: 'beginsErasing', target: 'PENDING_DELETE.transferring' },
        { guard: 'isSynced', target: 'SYNCED' },
        { guard: 'isFailed', target: 'FAILED_DOWNLOAD' },
        { guard: 'isUpload', target: 'PENDING_UPLOAD' },
        { guard: 'isDownload', target: 'PENDING_DOWNLOAD' },
        { target: 'PENDING_DELETE.deciding' },
      ],
    },
    SYNCED: {
      description: 'Here and on the remote.',
      entry: { type: 'report', params: { phase: 'resting' } },
    },
    FAILED_DOWNLOAD: {
      description: 'What came did not verify. Stays until the app asks for another try or deletes the blob.',
      entry: { type: 'report', params: { phase: 'resting' } },
      on: { 'blob.retried': { target: 'PENDING_DOWNLOAD', actions: ['beginAgain', 'remember'] } },
    },
    PENDING_UPLOAD: {
      description: 'Stored here; the remote does not hold it yet.',
      initial: 'deciding',
      states: {
        deciding,
        ...waiting,
        transferring: {
          description: 'Holds a slot while the remote takes the encrypted bytes; between two parts it may leave it to others.',
          on: {
            'slot.revoked': 'queued',
            'blob.prioritised': { actions: ['takePriority', { type: 'report', params: { phase: null } }] },
          },
          invoke: {
            src: 'upload',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'isDone', target: '#blob.SYNCED', actions: 'takeRecord' },
              { guard: 'mustBeHeld', target: 'held', actions: ['noteReason', 'remember'] },
              { guard: 'mustBackOff', target: 'backingOff', actions: ['noteFailure', 'remember'] },
              { guard: 'hasNewPriority', target: 'queued', actions: ['noteInterruption', 'remember'] },
              { target: 'queued', actions: 'noteInterruption' },
            ],
          },
        },
      },
    },
    PENDING_DOWNLOAD: {
      description: 'On the remote; not here yet, or the copy here is an older one.',
      initial: 'deciding',
      states: {
        deciding,
        ...waiting,
        transferring: {
          description: 'Holds a slot while the bytes come, are verified and stored.',
          on: {
            'slot.revoked': 'queued',
            'blob.prioritised': { actions: ['takePriority', { type: 'report', params: { phase: null } }] },
          },
          invoke: {
            src: 'download',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'isDone', target: '#blob.SYNCED', actions: 'takeRecord' },
              { guard: 'hasFailed', target: '#blob.FAILED_DOWNLOAD', actions: ['becomeFailed', 'remember'] },
              { guard: 'mustBeHeld', target: 'held', actions: ['noteReason', 'remember'] },
              { guard: 'mustBackOff', target: 'backingOff', actions: ['noteFailure', 'remember'] },
              { guard: 'hasNewPriority', target: 'queued', actions: ['noteInterruption', 'remember'] },
              { target: 'queued', actions: 'noteInterruption' },
            ],
          },
        },
      },
    },
    PENDING_DELETE: {
      description: 'Deleted here; the remote must still hear it, if it may ever have heard of the blob.',
      initial: 'marking',
      on: { 'blob.deleted': {} },
      states: {
        marking: {
          description: 'Writes the mark and drops the bytes; what the remote never heard of is gone with that.',
          entry: { type: 'report', params: { phase: 'marking' } },
          invoke: {
            src: 'mark',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'leftNothing', target: '#blob.DELETED', actions: 'takeRecord' },
              { guard: 'isDone', target: 'queued', actions: 'takeRecord' },
              { target: '#blob.remembering', actions: 'takeRecord' },
            ],
          },
        },
        deciding: {
          description: 'Finds out whether the remote has heard it, or must wait.',
          always: [
            { guard: 'isHeld', target: 'held' },
            { guard: 'isErased', target: 'confirming' },
            { guard: 'isWaiting', target: 'backingOff' },
            { target: 'queued' },
          ],
        },
        ...waiting,
        transferring: {
          description: 'Holds a slot while the remote deletes.',
          on: {
            'slot.revoked': 'queued',
            'blob.prioritised': { actions: ['takePriority', { type: 'report', params: { phase: null } }] },
          },
          invoke: {
            src: 'erase',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'leftNothing', target: '#blob.DELETED', actions: 'takeRecord' },
              { guard: 'isDone', target: 'confirming', actions: 'takeRecord' },
              { guard: 'mustBeHeld', target: 'held', actions: ['noteReason', 'remember'] },
              { guard: 'mustBackOff', target: 'backingOff', actions: ['noteFailure', 'remember'] },
              { target: 'queued', actions: 'noteInterruption' },
            ],
          },
        },
        confirming: {
          description: 'The remote says it is gone; the mark rests until a later list agrees.',
          entry: { type: 'report', params: { phase: 'resting' } },
        },
      },
    },
    DELETED: {
      description: 'Nothing is left of it here; the coordinator stops the actor.',
      entry: 'reportGone',
      on: { '*': {} },
    },
  },
})
