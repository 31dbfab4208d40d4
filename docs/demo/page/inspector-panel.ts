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

/** Remembers how each actor that still lives was announced, for a viewer that comes later and asks it where it is. */
const livingActors = () => {
  const announced = new Map<string, InspectionEvent>()
  return {
    note: (event: InspectionEvent): void => {
      const { sessionId } = event.actorRef
      if (event.type === '@xstate.actor') announced.set(sessionId, event)
      else if (event.type === '@xstate.event' && event.event.type === 'xstate.stop') announced.delete(sessionId)
      else if (event.type === '@xstate.snapshot' && 'status' in event.snapshot && event.snapshot.status !== 'active')
        announced.delete(sessionId)
    },
    all: (): readonly InspectionEvent[] => [...announced.values()],
  }
}
