import type { CoordinatorEvent } from '../machines'
import type { Message, Told } from './tab-messages'
import type { watch } from './watch'

export interface Following {
  readonly me: string
  readonly shown: ReturnType<typeof watch>
  readonly isPaused: () => boolean
  readonly send: (event: CoordinatorEvent) => void
  readonly post: (message: Message) => void
}

/**
 * Shows what the leader tells. Its words are numbered: a tab that has missed one, or has just come, asks for what the store does not say and
 * reads the store; what it is told meanwhile waits.
 */
export const follow = ({ me, shown, isPaused, send, post }: Following) => {
  /** The number of the last word; null: out of step. */
  let told: number | null = null
  let waiting: Told[] | null = null

  const apply = ({ regions, isPaused: pauses, changes }: Told) => {
    // The next leader goes on as this one did: paused or not.
    if (pauses !== isPaused()) send({ type: pauses ? 'sync.paused' : 'sync.resumed' })
    send({
      type: 'records.mirrored',
      changes: changes.map(({ namespace, id, record, phase }) => ({
        key: { namespace, id },
        record,
        isTransferring: phase === 'transferring',
      })),
    })
    for (const { progress, ...key } of changes) if (progress !== null) shown.onProgress(key, progress.bytes, progress.totalBytes)
    shown.mirror(regions)
  }

  const askAgain = () => post({ kind: 'ping', from: me, reads: true })

  const read = (from: number) => {
    told = from
    waiting = []
    send({ type: 'records.wanted' })
  }

  return {
    /** The leader has said that it is there. */
    onLeader: ({ told: last, to }: Extract<Message, { kind: 'leads' }>) => {
      if (last === null || last === told) return
      if (to === me) read(last)
      else askAgain()
    },
    onTold: (word: Told) => {
      if (told === null) return
      if (word.told <= told) return
      if (word.told !== told + 1) {
        told = null
        return askAgain()
      }
      told = word.told
      if (waiting === null) apply(word)
      else waiting.push(word)
    },
    /** The store has been read. */
    onRecalled: () => {
      const words = waiting ?? []
      waiting = null
      for (const word of words) apply(word)
    },
    /** Nobody is believed until the next leader speaks. */
    stop: () => {
      told = null
      waiting = null
      shown.mirror({})
    },
  }
}
