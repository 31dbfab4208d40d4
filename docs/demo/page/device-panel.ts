import { addTools } from './add-tools'
import type { Device } from './device'
import { button, element, setAttributes, setText } from './element'
import { drawWhenNeeded } from './drawing'
import { takeDrops } from './drops'
import { givenIn } from './given'
import { changeIcon, icon } from './icons'
import type { RowActions } from './menu'
import { blobRow } from './row'
import type { Item } from './shelf'
import { mayRetry } from './status'
import { summaryOf } from './summary'
import { troubleSwitches } from './troubles'
import { virtualList } from './virtual-list'

export interface PanelOptions {
  readonly device: Device
  readonly actions: RowActions
  readonly openMenu: (from: HTMLElement, device: Device, id: string) => void
  readonly say: (about: string, text: string) => void
  readonly complain: (text: string) => void
  /** Opens a dialog with the link to this device alone; null where it is alone already. */
  readonly share: ((device: Device) => void) | null
}

/** A device as its owner sees it. */
export const devicePanel = ({ device, actions, openMenu, say, complain, share }: PanelOptions): HTMLElement => {
  const summary = element('p', { class: 'panel-summary' })
  const bar = element('progress', { class: 'panel-bar', max: 1000, 'aria-label': `Progress of ${device.label}` })
  const pauseSign = icon('pause')
  const isPaused = () => device.blobs.getSnapshot().transfers === 'paused'
  const pause = button({ class: 'icon-button' }, () => device.setPaused(!isPaused()), pauseSign)
  const retryAll = button(
    { class: 'icon-button is-spare', title: 'Retry all that waits or failed', 'aria-label': `Retry all on ${device.label}` },
    () => (device.goOn(), void device.blobs.retry()),
    icon('retry'),
  )
  const troubles = troubleSwitches(device)

  const list = virtualList<Item>({
    label: `Files on ${device.label}`,
    makeRow: (id) =>
      blobRow(device, id, {
        show: () => actions.show(device, id),
        retry: () => actions.retry(device, id),
        remove: () => actions.remove(device, id),
        menu: (from) => openMenu(from, device, id),
      }),
  })

  const tools = addTools(device, say, complain)
  const empty = element(
    'div',
    { class: 'empty' },
    element('div', { class: 'empty-sign' }, icon('picture')),
    element('p', { class: 'empty-title' }, 'Drop files or folders here'),
    element('p', { class: 'empty-text' }, 'They are encrypted on this device before anything is sent.'),
  )

  const panel = element(
    'section',
    { class: 'panel device', 'aria-labelledby': `title-${device.letter}`, 'data-device': device.letter },
    element(
      'header',
      { class: 'panel-head' },
      element('span', { class: 'badge', 'aria-hidden': 'true' }, device.letter.toUpperCase()),
      element('div', { class: 'panel-titles' }, element('h2', { id: `title-${device.letter}` }, device.label), summary),
      retryAll,
      pause,
      ...(share === null
        ? []
        : [
            button(
              { class: 'icon-button', title: 'Open alone, here or elsewhere', 'aria-label': `Open ${device.label} alone` },
              () => share(device),
              icon('link'),
            ),
          ]),
    ),
    bar,
    tools.element,
    element(
      'div',
      { class: 'list-place' },
      list.element,
      empty,
      element('div', { class: 'drop-sign', 'aria-hidden': 'true' }, `Drop to put on ${device.label}`),
    ),
    troubles.element,
  )
  takeDrops(panel, (transfer) => tools.take(givenIn(transfer)))

  let before = ''
  const show = () => {
    const items = device.items()
    const { active, counts } = device.blobs.getSnapshot()
    const { blobs, totalBlobs, bytes, totalBytes } = device.progress()
    const text = summaryOf(device)
    list.show(items)
    empty.hidden = items.length > 0 || device.adding() !== null
    list.element.tabIndex = items.length > 0 ? 0 : -1
    setText(summary, text)
    const share = totalBytes > 0 ? bytes / totalBytes : totalBlobs > 0 ? blobs / totalBlobs : 0
    bar.value = Math.round(share * 1000)
    setAttributes(bar, { 'data-on': active > 0 })
    bar.ariaHidden = active > 0 ? null : 'true'
    changeIcon(pauseSign, isPaused() ? 'play' : 'pause')
    const pauseText = isPaused() ? 'Resume' : 'Pause'
    setAttributes(pause, { title: pauseText, 'aria-label': `${pauseText} ${device.label}` })
    setAttributes(retryAll, { 'data-on': items.some(({ view }) => mayRetry(view)) || isWaitingForHelp(device) })
    troubles.show()
    const state = active > 0 ? 'working' : text
    if (state !== before && before !== '' && state !== 'working') say(device.label, `${device.label}: ${text}`)
    before = state
    setAttributes(panel, { 'data-failed': counts.FAILED_DOWNLOAD > 0 })
  }
  drawWhenNeeded(device, show)
  device.blobs.on('blob.failed', ({ id }) =>
    say(`${device.label} ${id}`, `${device.names.get(id)?.name ?? 'A file'} did not verify on ${device.label}`),
  )
  return panel
}

/** Whether it goes on only when somebody says so, or after a while. */
const isWaitingForHelp = ({ blobs }: Device): boolean => {
  const { transfers, quota, access, lastListFailure } = blobs.getSnapshot()
  return transfers === 'full' || quota === 'exhausted' || access === 'denied' || lastListFailure !== null
}
