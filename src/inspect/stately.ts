import type { InspectionEvent } from 'xstate'
import { inspected, type Inspected } from './inspected'
import type { OpenLine } from './line'
import { replay, type Told } from './replay'
import { socketLine } from './socket-line'
import { windowLine } from './window-line'

export interface StatelyInspectorOptions {
  /**
   * The page that shows it, `https:` or relative to this one, or the WebSocket (`ws:`, `wss:`) of a relay or server. Nothing is sent
   * anywhere else: there is no default.
   */
  readonly url: string | URL
  /** Shows the page in this iframe. @default a window of its own, which a browser opens only in answer to a click */
  readonly iframe?: HTMLIFrameElement
  /** The window that shows the page already. */
  readonly window?: Window
}

/** An observer for `createBlobSync({ inspect })`. */
export interface StatelyInspector {
  readonly next: (event: InspectionEvent) => void
  /** The observer by the name that @statelyai/inspect gives it. */
  readonly inspect: (event: InspectionEvent) => void
  /** Rejects if @statelyai/inspect is not installed. */
  readonly ready: Promise<void>
  /** Sends nothing more, and lets go of the viewer. */
  readonly stop: () => void
}

/** As many messages are kept as they were, for a viewer that comes late or is loaded again. */
const RECENT = 500
/** As many wait at once for a moment when the page has nothing else to do. */
const UNDER_WAY_MAX = 200
/** As many more wait as they are; above, those of one actor become one. */
const WAITING = 4000

interface Kept<What> extends Told {
  readonly what: What
}

/**
 * Shows every actor to a viewer that listens by @statelyai/inspect's receivers: in a window, in an iframe, or behind a WebSocket, in Node too.
 * Secrets, tokens, seals, messages of failures, names and bytes are left out before anything is kept or sent (docs/inspecting.md).
 *
 * @throws if the url is none, or the browser opens no window.
 */
export const statelyInspector = (options: StatelyInspectorOptions): StatelyInspector => {
  const past = replay<Kept<object>>(RECENT)
  const waiting = replay<Kept<Inspected>>(WAITING)
  const line = lineOf(options)(() => past.all().map(({ what }) => what))
  let take: ((event: InspectionEvent) => void) | null = null
  let isStopped = false
  let underWay = 0

  const pump = () => {
    while (take !== null && underWay < UNDER_WAY_MAX) {
      const next = waiting.shift()
      if (next === undefined) return
      underWay += 1
      take(asXState(next.what))
    }
  }
  const load = async () => {
    const { createInspector } = await import('@statelyai/inspect').catch((cause: unknown) => {
      throw new Error('statelyInspector needs the package @statelyai/inspect beside blobsync: npm install @statelyai/inspect', {
        cause,
      })
    })
    const { inspect } = createInspector({
      send: (message) => {
        underWay -= 1
        if (isStopped) return
        const isEnd = message.type === '@xstate.snapshot' && message.snapshot.status !== 'active'
        past.push({ type: message.type, sessionId: message.sessionId, isEnd, what: message })
        line.send(message)
        pump()
      },
    })
    take = (event) => inspect.next?.(event)
    pump()
  }
  const next = (event: InspectionEvent) => {
    if (isStopped) return
    for (const what of inspected(event)) {
      waiting.push({ type: what.type, sessionId: what.actor.sessionId, isEnd: what.isEnd, what })
    }
    pump()
  }

  return {
    next,
    inspect: next,
    ready: load(),
    stop: () => {
      if (isStopped) return
      isStopped = true
      take = null
      line.stop()
    },
  }
}

const lineOf = ({ url: given, iframe, window }: StatelyInspectorOptions): OpenLine => {
  const here = globalThis.document === undefined ? undefined : document.baseURI
  if (!URL.canParse(String(given), here))
    throw new TypeError(`statelyInspector needs the url of a viewer, and “${given}” is none.`)
  const url = new URL(given, here)
  if (url.protocol === 'ws:' || url.protocol === 'wss:') return socketLine(url)
  if (here === undefined)
    throw new TypeError('Outside a page statelyInspector needs the url of a WebSocket, such as ws://localhost:8080.')
  if (!/^https?:$/.test(url.protocol)) throw new TypeError('statelyInspector needs a url that begins with http(s) or ws(s).')
  return windowLine({ url, iframe, window })
}

/** The cleaned event in the form in which @statelyai/inspect takes it: it sees nothing else of the actor. */
const asXState = ({ actor, rootId, ...told }: Inspected): InspectionEvent => {
  const actorRef = {
    id: actor.id,
    sessionId: actor.sessionId,
    _parent: actor.parentSessionId === undefined ? undefined : { sessionId: actor.parentSessionId },
    logic: { config: actor.machine?.config },
    send: () => {},
    getSnapshot: () => (told.type === '@xstate.actor' ? told.snapshot : undefined),
  }
  switch (told.type) {
    case '@xstate.actor':
      return { type: told.type, rootId, actorRef }
    case '@xstate.event': {
      const sourceRef = told.source === undefined ? undefined : { ...actorRef, sessionId: told.source }
      return { type: told.type, rootId, actorRef, event: told.event, sourceRef }
    }
    case '@xstate.snapshot':
      return {
        type: told.type,
        rootId,
        actorRef,
        event: told.event,
        snapshot: { output: undefined, error: undefined, ...told.snapshot },
      }
  }
}
