import type { InspectionEvent } from 'xstate'
import { inspected, type Inspected } from './inspected'
import type { OpenLine } from './line'
import { replay, type Told } from './replay'
import { socketLine } from './socket-line'
import { statelyMessages } from './stately-messages'
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
/** As many wait as they are for the page to have time; above, those of one actor become one. */
const WAITING = 4000
/** A page that is never idle is asked for so much of its time, so often. */
const SLICE_MS = 6
const PATIENCE_MS = 100

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
  let tell: ((what: Inspected) => void) | null = null
  let isDue = false
  let isStopped = false

  const work = () => {
    isDue = false
    const untilMs = performance.now() + SLICE_MS
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      tell?.(next.what)
      if (performance.now() > untilMs) return schedule()
    }
  }
  const schedule = () => {
    if (isDue || tell === null) return
    isDue = true
    whenIdle(work)
  }
  const load = async () => {
    const { createInspector } = await import('@statelyai/inspect').catch((cause: unknown) => {
      throw new Error('statelyInspector needs the package @statelyai/inspect beside blobsync: npm install @statelyai/inspect', {
        cause,
      })
    })
    if (isStopped) return
    tell = statelyMessages(createInspector, ({ type, actor, isEnd }, message) => {
      past.push({ type, sessionId: actor.sessionId, isEnd, what: message })
      line.send(message)
    })
    schedule()
  }
  const next = (event: InspectionEvent) => {
    if (isStopped) return
    for (const what of inspected(event)) {
      waiting.push({ type: what.type, sessionId: what.actor.sessionId, isEnd: what.isEnd, what })
    }
    schedule()
  }

  return {
    next,
    inspect: next,
    ready: load(),
    stop: () => {
      if (isStopped) return
      isStopped = true
      tell = null
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

/** Its own way to wait for a page that is idle has no end to its patience. */
const whenIdle = (run: () => void): void => {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(run, { timeout: PATIENCE_MS })
  else setTimeout(run, 0)
}
