import { createWindowReceiver } from '../../legacy-inspect/node_modules/@xstate/inspect/es/index.js'

interface Received {
  readonly type: string
  readonly sessionId: string
  readonly id?: string
  readonly state?: { readonly value: unknown }
  readonly machine?: { readonly id: string }
}

/** Of each actor, by its id, its chart and where it is. */
const actors = new Map<string, { readonly id: string; readonly chart: string; value: unknown; isEnded: boolean }>()

interface Receiver {
  readonly send: (event: object) => void
  readonly subscribe: (next: (event: Received) => void) => void
}

const receiver = createWindowReceiver({}) as unknown as Receiver
receiver.subscribe(({ type, sessionId, id, machine, state }) => {
  if (type === 'service.register') {
    actors.set(sessionId, { id: id ?? sessionId, chart: machine?.id ?? '', value: state?.value, isEnded: false })
  }
  const actor = actors.get(sessionId)
  if (actor === undefined) return
  if (type === 'service.state') actor.value = state?.value
  if (type === 'service.stop') actor.isEnded = true
})
Object.assign(window, {
  viewer: {
    actors: () => [...actors.values()],
    send: (chart: string, event: { readonly type: string }) => {
      const origin = [...actors].find(([, actor]) => actor.chart === chart)?.[0]
      receiver.send({
        type: 'xstate.event',
        event: JSON.stringify({ name: event.type, data: event, $$type: 'scxml', type: 'external', origin }),
      })
    },
  },
})
