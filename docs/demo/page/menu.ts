import type { Priority } from 'blobsync'
import type { Device } from './device'
import { button, element } from './element'
import { icon, type IconName } from './icons'
import { mayRetry } from './status'

export interface RowActions {
  readonly show: (device: Device, id: string) => void
  readonly download: (device: Device, id: string) => void
  readonly retry: (device: Device, id: string) => void
  /** Gets what is on the server only. */
  readonly fetch: (device: Device, id: string) => void
  /** Frees its room on this device. */
  readonly evict: (device: Device, id: string) => void
  readonly remove: (device: Device, id: string) => void
  readonly prioritise: (device: Device, id: string, priority: Priority) => void
}

const priorities: readonly Priority[] = ['low', 'medium', 'high', 'urgent']

/** The menu of a row: one element, which moves to whichever row asks for it. */
export const rowMenu = (actions: RowActions) => {
  const menu = element('div', { class: 'menu', role: 'menu', popover: 'auto', 'aria-label': 'Actions' })
  let opener: HTMLElement | null = null

  const entry = (name: IconName, text: string, run: () => void, kind = '') =>
    button({ class: `menu-item ${kind}`, role: 'menuitem', tabindex: -1 }, () => (menu.hidePopover(), run()), icon(name), text)

  const open = (from: HTMLElement, device: Device, id: string) => {
    const view = device.blobs.blob(id).getSnapshot()
    opener = from
    menu.replaceChildren(
      entry('open', view.isHere ? 'Open' : 'Details', () => actions.show(device, id)),
      ...(view.isHere ? [entry('down', 'Download', () => actions.download(device, id))] : []),
      ...(view.held === 'onDemand' ? [entry('down', 'Fetch now', () => actions.fetch(device, id))] : []),
      ...(view.status === 'SYNCED' && view.isHere ? [entry('cloud', 'Free its room here', () => actions.evict(device, id))] : []),
      ...(mayRetry(view) ? [entry('retry', 'Retry now', () => actions.retry(device, id))] : []),
      ...(view.phase === 'resting' || view.phase === 'held'
        ? []
        : [
            element(
              'div',
              { class: 'menu-group', role: 'group', 'aria-label': 'Priority' },
              element('div', { class: 'menu-title', 'aria-hidden': 'true' }, 'Priority'),
              ...priorities.map((priority) =>
                button(
                  { class: 'menu-item', role: 'menuitemradio', tabindex: -1, 'aria-checked': String(priority === view.priority) },
                  () => (menu.hidePopover(), actions.prioritise(device, id, priority)),
                  icon('check'),
                  priority,
                ),
              ),
            ),
          ]),
      entry('trash', 'Delete everywhere', () => actions.remove(device, id), 'is-bad'),
    )
    menu.showPopover()
    place(from)
    items()[0]?.focus()
  }

  /** Below its button, or above where there is no room, and never past the window's edge. */
  const place = (from: HTMLElement) => {
    const at = from.getBoundingClientRect()
    const { width, height } = menu.getBoundingClientRect()
    const isRoomBelow = at.bottom + height + 8 < innerHeight
    menu.style.left = `${Math.max(8, at.right - width)}px`
    menu.style.top = `${Math.max(8, isRoomBelow ? at.bottom + 4 : at.top - height - 4)}px`
  }

  const items = () => [...menu.querySelectorAll<HTMLElement>('.menu-item')]

  menu.addEventListener('keydown', (event) => {
    const all = items()
    const at = all.findIndex((item) => item === document.activeElement)
    const target = new Map([
      ['ArrowDown', (at + 1) % all.length],
      ['ArrowUp', (at - 1 + all.length) % all.length],
      ['Home', 0],
      ['End', all.length - 1],
    ]).get(event.key)
    if (target !== undefined) {
      event.preventDefault()
      all[target]?.focus()
    } else if (event.key === 'Tab') menu.hidePopover()
  })
  menu.addEventListener('toggle', (event) => {
    const isOpen = event instanceof ToggleEvent && event.newState === 'open'
    opener?.setAttribute('aria-expanded', String(isOpen))
    if (!isOpen && (document.activeElement === document.body || menu.contains(document.activeElement))) opener?.focus()
  })
  const follow = () => {
    if (opener === null || !menu.matches(':popover-open')) return
    if (opener.isConnected) place(opener)
    else menu.hidePopover()
  }
  addEventListener('scroll', follow, { capture: true, passive: true })
  addEventListener('resize', follow)

  return { element: menu, open }
}
