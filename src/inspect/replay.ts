/** What a replay must know of a message. */
export interface Told {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot'
  readonly sessionId: string
  /** True for the last that is told of an actor. */
  readonly isEnd: boolean
}

export interface Replay<Message extends Told> {
  readonly push: (message: Message) => void
  /** Takes the oldest out. */
  readonly shift: () => Message | undefined
  readonly all: () => readonly Message[]
}

/**
 * Messages in order, bounded: of what is older than the last `recent` ones, each actor that still lives keeps the word of its birth and its
 * last state. Whoever comes late learns from them how everything stands, however much was said.
 */
export const replay = <Message extends Told>(recent: number): Replay<Message> => {
  let messages: Message[] = []
  let foldAt = 2 * recent
  return {
    push: (message) => {
      messages.push(message)
      if (messages.length < foldAt) return
      messages = folded(messages, recent)
      foldAt = Math.max(2 * recent, 2 * messages.length)
    },
    shift: () => messages.shift(),
    all: () => messages,
  }
}

const folded = <Message extends Told>(messages: readonly Message[], recent: number): Message[] => {
  const older = messages.slice(0, -recent)
  const births = new Map<string, Message>()
  const states = new Map<string, Message>()
  for (const message of older) {
    const { type, sessionId, isEnd } = message
    if (type === '@xstate.actor') births.set(sessionId, message)
    // The end of one whose birth was told before still has to be told.
    else if (isEnd && births.delete(sessionId)) states.delete(sessionId)
    else if (type === '@xstate.snapshot') states.set(sessionId, message)
  }
  return [...births.values(), ...states.values(), ...messages.slice(-recent)]
}
