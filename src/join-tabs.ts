import type { ActorRefFrom } from 'xstate'
import type { coordinatorMachine, CoordinatorEvent, Roster } from '../machines'
import type { Tools } from './actors/tools'
import { openAsks, type Runs } from './asks'
import type { Clock } from './clock'
import { elect } from './elect'
import { farTurns } from './far-turns'
import { follow } from './follow'
import { lead } from './lead'
import type { Failure } from './model/failure'
import type { BlobKey } from './model/ids'
import type { BlobRecord } from './model/record'
import { ownTurns } from './own-turns'
import type { SharedPower } from './store/store'
import { Message, PROTOCOL } from './tab-messages'
import type { Tabs } from './tabs'
import type { watch } from './watch'

/** What the leader does for all tabs; the rest of it concerns the tabs alone. */
export type Services = Omit<Runs, 'turn' | 'added'>

export interface Joining {
  readonly shared: SharedPower
  readonly port: Tabs
  readonly clock: Clock
  readonly random: () => number
  readonly coordinator: ActorRefFrom<typeof coordinatorMachine>
  readonly roster: Roster
  readonly shown: ReturnType<typeof watch>
  readonly tools: Tools
  readonly isSaved: (record: BlobRecord) => boolean
  readonly takeIn: (record: BlobRecord) => void
  readonly send: (event: CoordinatorEvent) => void
  readonly report: (reason: Failure) => void
}

/** The store is read once it is known who leads, or after this long. */
const FIRST_WORD_MS = 250

/** Makes this tab one of those that share the store: it leads, or shows what the leader does and passes on what it is asked for. */
export const joinTabs = ({
  shared,
  port,
  clock,
  random,
  coordinator,
  roster,
  shown,
  tools,
  isSaved,
  takeIn,
  send,
  report,
}: Joining) => {
  const me = crypto.randomUUID()
  let services: Services | null = null
  let office: ReturnType<typeof lead> | null = null
  let latestEpoch = 0
  let hasWord = () => {}
  const firstWord = new Promise<void>((resolve) => {
    hasWord = resolve
  })
  const firstWordTimer = clock.setTimeout(hasWord, FIRST_WORD_MS)

  const channel = port.open(`blobsync ${PROTOCOL} ${shared.name}`, (data) => {
    if (Message.is(data)) onMessage(data)
  })
  const { post } = channel
  const asks = openAsks(clock, me, post)
  const own = ownTurns({ ask: asks.ask, tools, clock, termNow: () => office })
  const turns = farTurns(tools, roster, clock, (record) => {
    takeIn(record)
    shown.emit('blob.added', shown.view(record))
  })
  const following = follow({
    me,
    shown,
    isPaused: () => coordinator.getSnapshot().value.transfers === 'paused',
    send,
    post,
  })

  const win = (epoch: number) => {
    if (services === null) throw new TypeError('No tab leads before it can serve.')
    latestEpoch = epoch
    own.stopWaiting()
    following.stop()
    const runs: Runs = {
      ...services,
      turn: ([id, namespace, token]) => turns.give({ namespace, id }, token),
      added: ([id, namespace, token]) => turns.end({ namespace, id }, token),
    }
    office = lead({ epoch, clock, coordinator, roster, shown, isSaved, runs, post })
    office.announce()
    hasWord()
    send({ type: 'leadership.won' })
  }

  const lose = () => {
    if (office === null) return
    office.end()
    office = null
    asks.turnTo(null)
    send({ type: 'leadership.lost' })
  }

  const election = elect({
    shared,
    port,
    random,
    coordinator,
    ask: () => post({ kind: 'ping', from: me, reads: false }),
    heardEpoch: () => latestEpoch,
    onWon: win,
    onLost: lose,
    report,
  })

  /** What a tab that does the work itself tells where it does it. */
  const tellOfOthers = ({ record, before }: { readonly record: BlobRecord; readonly before: BlobRecord | undefined }) => {
    if (office !== null) return
    const view = shown.view(record)
    if (before === undefined) {
      if (record.status === 'PENDING_UPLOAD') shown.emit('blob.added', view)
      return
    }
    if (record.trashedAtMs !== null && before.trashedAtMs === null) shown.emit('blob.trashed', view)
    if (record.missingSinceMs !== null && before.missingSinceMs === null) shown.emit('blob.missing', view)
    if (record.held === 'onDemand' && before.isHere && !record.isHere) shown.emit('blob.evicted', view)
  }
  coordinator.on('blob.moved', tellOfOthers)
  coordinator.on('leadership.taken', () => {
    if (office === null) return
    office.begin()
    asks.turnTo(office.term)
  })
  coordinator.on('records.recalled', following.onRecalled)
  coordinator.on('recall.failed', () => {
    following.stop()
    election.send({ type: 'store.refused' })
  })

  const onMessage = (message: Message) => {
    switch (message.kind) {
      case 'ping':
        return office?.onPing(message)
      case 'asked':
        return office?.onAsked(message)
      case 'withdrawn':
        return office?.onWithdrawn(message.request)
      case 'bye':
        office?.onBye(message.from)
        if (message.epoch === latestEpoch) election.send({ type: 'leader.left' })
        return
      case 'answered':
        return office === null && asks.onAnswer(message)
      case 'leads':
      case 'changed': {
        // A tab that was frozen may think that it still leads, until it hears of the one that does.
        if (message.epoch < latestEpoch) return
        if (message.epoch > latestEpoch) following.stop()
        const isNew = message.epoch > latestEpoch
        latestEpoch = message.epoch
        election.send({ type: 'leader.heard', epoch: message.epoch })
        if (office !== null) return
        hasWord()
        if (message.kind === 'leads') following.onLeader(message)
        else following.onTold(message)
        if (isNew) asks.turnTo(null)
      }
    }
  }

  return {
    ask: asks.ask,
    /** Whether this tab has begun the latest epoch that it knows of. */
    leads: () => office !== null,
    /** Resolves when it is known who leads, or that it takes long to tell. */
    firstWord,
    /** From now on this tab can lead. */
    start: (given: Services) => {
      services = given
      election.start()
    },
    onProgress: (key: BlobKey) => office?.onProgress(key),
    inTurn: own.inTurn,
    close: () => {
      clock.clearTimeout(firstWordTimer)
      turns.close()
      asks.close()
      post({ kind: 'bye', from: me, epoch: office === null ? null : latestEpoch })
      office?.end()
      office = null
      election.send({ type: 'election.closed' })
      channel.close()
    },
  }
}
