import type { InspectionEvent } from 'xstate'
import { button, element, setAttributes } from './element'
import { icon } from './icons'

/** A viewer of the actors of this page, which loads and runs only while it is open. */
export const inspectorPanel = () => {
  const living = livingActors()
  let forward: ((event: InspectionEvent) => void) | null = null
  let close: (() => void) | null = null

  const observer = {
    next: (event: InspectionEvent) => {
      living.note(event)
      forward?.(event)
    },
  }

  const panel = element('section', { class: 'inspector', hidden: true, 'aria-label': 'Inspector' })
  const toggle = button(
    { class: 'button is-quiet', 'aria-expanded': 'false' },
    () => (close === null ? open() : close()),
    icon('chart'),
    'Inspector',
  )

  const open = () => {
    const frame = element('iframe', { title: 'Inspector: the charts of both devices, alive' })
    panel.replaceChildren(frame)
    panel.hidden = false
    setAttributes(toggle, { 'aria-expanded': 'true' })
    let isClosed = false
    let stop = () => {}
    close = () => {
      isClosed = true
      forward = null
      close = null
      stop()
      panel.hidden = true
      panel.replaceChildren()
      setAttributes(toggle, { 'aria-expanded': 'false' })
    }
    void import('blobsync/inspect')
      .then(async ({ statelyInspector }) => {
        if (isClosed) return
        const inspector = statelyInspector({ url: './inspector.html', iframe: frame })
        stop = inspector.stop
        for (const event of living.all()) inspector.next(event)
        forward = inspector.next
        await inspector.ready
      })
      .catch((error: unknown) =>
        panel.replaceChildren(element('p', { class: 'inspector-problem' }, `The inspector cannot be opened: ${String(error)}`)),
      )
    panel.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
  }

  return { element: panel, observer, button: toggle }
}

/** Remembers of each actor that still lives how it was announced and where it is, for a viewer that comes later. */
const livingActors = () => {
  const announced = new Map<string, InspectionEvent>()
  const latest = new Map<string, InspectionEvent>()
  const forget = (sessionId: string) => {
    announced.delete(sessionId)
    latest.delete(sessionId)
  }
  return {
    note: (event: InspectionEvent): void => {
      const { sessionId } = event.actorRef
      if (event.type === '@xstate.actor') announced.set(sessionId, event)
      else if (event.type === '@xstate.event' && event.event.type === 'xstate.stop') forget(sessionId)
      else if (event.type === '@xstate.snapshot') {
        if ('status' in event.snapshot && event.snapshot.status !== 'active') forget(sessionId)
        else if (announced.has(sessionId)) latest.set(sessionId, event)
      }
    },
    all: (): readonly InspectionEvent[] => [...announced.values(), ...latest.values()],
  }
}
