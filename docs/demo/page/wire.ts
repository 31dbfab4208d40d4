import type { Connectivity } from 'blobsync'
import { meter, type Meter } from './meter'
import { sharedTroubles, type Trouble } from './troubles-shared'
import { flipOneByte, SLOW_LATENCY_MS, slowLine, waitFor } from './slow'

export interface Wire {
  readonly fetch: typeof fetch
  readonly connectivity: Connectivity
  readonly isOn: (trouble: Trouble) => boolean
  readonly turn: (trouble: Trouble, isOn: boolean) => void
  /** @returns what ends it. */
  readonly subscribe: (listener: () => void) => () => void
  readonly up: Meter
  readonly down: Meter
  /** How much of an upload has passed, by the blob's id, while the line is slow; a browser's `fetch` does not tell. */
  readonly sent: ReadonlyMap<string, { readonly bytes: number; readonly totalBytes: number }>
}

/**
 * A line to the real server on which the visitor can make trouble; without any it is `fetch`.
 *
 * @param place Names the channel over which the tabs that show this device have the same trouble.
 */
export const newWire = (place: string): Wire => {
  const tabs = sharedTroubles(
    place,
    (trouble, isOn) => set(trouble, isOn),
    () => [...on],
  )
  const on = new Set<Trouble>()
  const listeners = new Set<() => void>()
  const online = new Set<(isOnline: boolean) => void>()
  const sent = new Map<string, { readonly bytes: number; readonly totalBytes: number }>()
  const up = meter()
  const down = meter()
  const paced = slowLine(() => on.has('slow'))
  let cut = new AbortController()

  const turn = (trouble: Trouble, isOn: boolean) => {
    if (on.has(trouble) !== isOn) tabs.tell(trouble, isOn)
    set(trouble, isOn)
  }

  const set = (trouble: Trouble, isOn: boolean) => {
    if (on.has(trouble) === isOn) return
    if (isOn) on.add(trouble)
    else on.delete(trouble)
    if (trouble === 'offline') {
      if (isOn) cut.abort(new TypeError('The line is cut.'))
      else cut = new AbortController()
      for (const listener of online) listener(!isOn)
    }
    for (const listener of listeners) listener()
  }

  /** What the line answers in the server's place; null if it lets the request through. */
  const refusal = (isUpload: boolean): Response | null => {
    if (on.has('expired')) return answer(401, 'The token has expired.')
    if (on.has('busy')) return answer(429, 'Too many requests.', { 'retry-after': '5' })
    if (on.has('broken')) return answer(500, 'The server is broken.')
    if (on.has('full') && isUpload) return answer(507, 'Quota Exceeded!')
    return null
  }

  const upload = async (id: string, bytes: number, signal: AbortSignal) => {
    try {
      for await (const passed of paced(bytes, signal)) {
        up.add(passed.step)
        sent.set(id, { bytes: passed.bytes, totalBytes: bytes })
      }
    } finally {
      sent.delete(id)
    }
  }

  const download = (response: Response, isBlob: boolean, signal: AbortSignal): Response => {
    if (response.body === null) return response
    const isStruck = isBlob && response.ok && on.has('corrupt')
    if (isStruck) turn('corrupt', false)
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform: async (chunk, controller) => {
        for await (const { step } of paced(chunk.length, signal)) down.add(step)
        controller.enqueue(chunk)
      },
    })
    const body = (isStruck ? response.body.pipeThrough(flipOneByte()) : response.body).pipeThrough(counted)
    return new Response(body, response)
  }

  const overWire: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const signal = AbortSignal.any([request.signal, cut.signal])
    signal.throwIfAborted()
    const body = request.body === null ? null : await request.arrayBuffer()
    const path = new URL(request.url).pathname
    const isUpload = request.method === 'PUT' || (path.includes('/stream/') && request.url.includes('direction=upload'))
    const isBlob = !isUpload && (path.includes('/stream/') || /\/blobs\/[^/]+\/[^/]+$/.test(path)) && request.method !== 'DELETE'
    if (on.has('slow')) await waitFor(SLOW_LATENCY_MS, signal)
    const refused = refusal(isUpload)
    if (refused !== null) return refused
    if (body !== null) await upload(decodeURIComponent(path.split('/').at(-1) ?? ''), body.byteLength, signal)
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body,
      signal,
      cache: 'no-store',
    })
    return download(response, isBlob, signal)
  }

  return {
    fetch: overWire,
    connectivity: { isOnline: () => !on.has('offline'), subscribe: (listener) => added(online, listener) },
    isOn: (trouble) => on.has(trouble),
    turn,
    subscribe: (listener) => added(listeners, listener),
    up,
    down,
    sent,
  }
}

const answer = (status: number, text: string, headers: Record<string, string> = {}) => new Response(text, { status, headers })

const added = <A>(set: Set<A>, item: A) => {
  set.add(item)
  return () => {
    set.delete(item)
  }
}
