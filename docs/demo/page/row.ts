import type { Device } from './device'
import { button, element, setAttributes, setText } from './element'
import { sizeText } from './format'
import { changeIcon, icon } from './icons'
import type { Item } from './shelf'
import { lookOf, mayRetry } from './status'
import { makeThumbnail } from './thumbnails'
import type { RowOf } from './virtual-list'

export interface RowCalls {
  readonly show: (id: string) => void
  readonly retry: (id: string) => void
  readonly remove: (id: string) => void
  readonly menu: (from: HTMLElement, id: string) => void
}

/** One blob in a device's list. Every part has its place from the beginning, so that nothing moves when something is known. */
export const blobRow = (device: Device, id: string, calls: RowCalls): RowOf<Item> => {
  let isThere = true
  let wasPictureAsked = false
  let pictureOf: Blob | null = null
  let pictureUrl: string | null = null

  const sign = icon('lock')
  const picture = element('img', { class: 'thumb-picture', alt: '', hidden: true })
  const name = button({ class: 'row-name', 'data-main': true }, () => calls.show(id))
  const size = element('span', { class: 'row-size' })
  const sentence = element('span', { class: 'row-sentence' })
  const chipSign = icon('clock')
  const chipText = element('span')
  const chip = element('span', { class: 'chip' }, chipSign, chipText)
  const retry = button({ class: 'row-retry', title: 'Retry now' }, () => calls.retry(id), icon('retry'), 'Retry')
  const more = button(
    { class: 'icon-button', title: 'Actions', 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
    () => calls.menu(more, id),
    icon('more'),
  )
  const bar = element('progress', { class: 'row-bar', max: 1000 })
  const row = element(
    'div',
    { class: 'row' },
    element('span', { class: 'thumb' }, sign, picture),
    name,
    element('span', { class: 'row-state' }, chip, retry),
    element('span', { class: 'row-about' }, size, sentence),
    more,
    bar,
  )
  row.addEventListener('keydown', (event) => {
    if (event.key === 'Delete') calls.remove(id)
  })

  const showPicture = (thumbnail: Blob | null) => {
    if (thumbnail === pictureOf) return
    pictureOf = thumbnail
    if (pictureUrl !== null) URL.revokeObjectURL(pictureUrl)
    pictureUrl = thumbnail === null ? null : URL.createObjectURL(thumbnail)
    if (pictureUrl !== null) picture.src = pictureUrl
    picture.hidden = pictureUrl === null
  }

  const showProgress = ({ view }: Item) => {
    const { progress, phase } = view
    const isMoving = phase === 'transferring' && view.status !== 'PENDING_DELETE'
    const sent = device.wire.sent.get(id)
    const known = sent ?? (progress !== null && progress.bytes > 0 ? progress : null)
    setAttributes(bar, { 'data-on': isMoving, 'aria-label': isMoving ? `Progress of ${name.textContent}` : false })
    bar.ariaHidden = isMoving ? null : 'true'
    const total = known?.totalBytes ?? 0
    // Without a value it only says that something goes on.
    if (isMoving && known !== null && total > 0) bar.value = Math.round((known.bytes * 1000) / total)
    else bar.removeAttribute('value')
  }

  const show = (item: Item) => {
    const { view } = item
    if (item.name === undefined && view.isHere) device.learn(id)
    const look = lookOf(view)
    const text = item.name?.name ?? 'Still encrypted'
    const sizeBytes = item.name?.sizeBytes ?? view.sizeBytes
    const reasons = device.blobs.explain(id)
    const why = reasons.map((reason) => reason.text).join(' ')
    // What went wrong the last time is said by the details, which have room for it.
    const now = reasons.filter(({ code }, at) => at === 0 || !code.startsWith('failure.'))
    setText(name, text)
    setAttributes(name, { title: text })
    setText(size, sizeBytes === null ? '' : sizeText(sizeBytes))
    setText(sentence, now.map((reason) => reason.text).join(' '))
    setAttributes(sentence, { title: why })
    setText(chipText, look.text)
    changeIcon(chipSign, look.icon)
    setAttributes(row, { 'data-status': view.status, 'data-phase': view.phase, 'data-tone': look.tone })
    setAttributes(retry, { hidden: !mayRetry(view), 'aria-label': `Retry ${text} now` })
    setAttributes(more, { 'aria-label': `Actions for ${text}` })
    const isPicture = item.name?.type.startsWith('image/') === true
    changeIcon(sign, item.name === undefined ? 'lock' : isPicture ? 'picture' : 'file')
    showPicture(item.name?.thumbnail ?? null)
    if (isPicture && view.isHere && item.name?.thumbnail === null && !wasPictureAsked) {
      wasPictureAsked = true
      makeThumbnail(device, id, () => isThere)
    }
    showProgress(item)
  }

  return {
    element: row,
    show,
    leave: () => {
      isThere = false
      showPicture(null)
    },
  }
}
