import type { Device } from './device'
import { button, element } from './element'
import { isText, open as openEnvelope } from './envelope'
import { sizeText } from './format'
import { icon } from './icons'
import type { RowActions } from './menu'
import { lookOf, mayRetry } from './status'

const TEXT_BYTES_MAX = 64 * 1024

/** What can be known of one blob, and the file itself where it can be shown without running anything of it. */
export const detailsDialog = (actions: () => RowActions, complain: (text: string) => void) => {
  const body = element('div', { class: 'details' })
  const dialog = element('dialog', { class: 'dialog', 'aria-labelledby': 'details-title' }, body)
  let url: string | null = null
  let stop = () => {}
  const close = () => dialog.close()
  dialog.addEventListener('close', () => {
    stop()
    if (url !== null) URL.revokeObjectURL(url)
    url = null
    body.replaceChildren()
  })
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) close()
  })

  const preview = async (device: Device, id: string, place: HTMLElement) => {
    try {
      const { header, content } = await openEnvelope(await device.blobs.get(id))
      if (!dialog.open) return
      url = URL.createObjectURL(content)
      const shown = await elementFor(header?.type ?? '', header?.name ?? '', content, url)
      place.replaceChildren(shown)
    } catch (error) {
      complain(`This cannot be opened: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  const show = (device: Device, id: string) => {
    stop()
    const blob = device.blobs.blob(id)
    const name = device.names.get(id)
    const place = element('div', { class: 'preview' }, element('span', { class: 'preview-none' }, icon('lock'), 'Not here yet'))
    const facts = element('dl', { class: 'facts' })
    const reasons = element('ol', { class: 'reasons' })
    const tools = element('div', { class: 'details-tools' })
    const toolsFor = (isHere: boolean, canRetry: boolean, isOnDemand: boolean) => [
      ...(isOnDemand ? [button({ class: 'button is-main' }, () => actions().fetch(device, id), icon('down'), 'Fetch now')] : []),
      ...(isHere ? [button({ class: 'button is-main' }, () => actions().download(device, id), icon('down'), 'Download')] : []),
      ...(canRetry ? [button({ class: 'button' }, () => actions().retry(device, id), icon('retry'), 'Retry now')] : []),
      button({ class: 'button is-bad' }, () => (close(), actions().remove(device, id)), icon('trash'), 'Delete everywhere'),
    ]
    const fact = (term: string, text: string) => [element('dt', {}, term), element('dd', {}, text)]
    let isPreviewed = false
    let toolsShown = ''
    const draw = () => {
      const view = blob.getSnapshot()
      const look = lookOf(view)
      const type = name?.type === undefined || name.type === '' ? 'unknown' : name.type
      facts.replaceChildren(
        ...fact('Status', `${look.text} (${view.held === null ? view.status : `${view.status}, held: ${view.held}`})`),
        ...fact(
          'Size',
          name === undefined ? (view.sizeBytes === null ? 'unknown' : sizeText(view.sizeBytes)) : sizeText(name.sizeBytes),
        ),
        ...fact('Type', type),
        ...fact('On', device.label),
        ...fact('Priority', view.priority),
        ...fact('Id', id),
      )
      reasons.replaceChildren(...device.blobs.explain(id).map(({ text }) => element('li', {}, text)))
      const toolsKey = `${view.isHere} ${mayRetry(view)} ${view.held}`
      if (toolsKey !== toolsShown) tools.replaceChildren(...toolsFor(view.isHere, mayRetry(view), view.held === 'onDemand'))
      toolsShown = toolsKey
      if (view.isHere && !isPreviewed) {
        isPreviewed = true
        void preview(device, id, place)
      }
    }
    body.replaceChildren(
      element(
        'header',
        { class: 'details-head' },
        element('h2', { id: 'details-title' }, name?.name ?? 'Still encrypted'),
        button({ class: 'icon-button', 'aria-label': 'Close', title: 'Close' }, close, icon('close')),
      ),
      place,
      element('h3', {}, 'Why it is where it is'),
      reasons,
      facts,
      tools,
    )
    const unsubscribe = blob.subscribe(draw)
    const timer = setInterval(draw, 500)
    stop = () => {
      unsubscribe()
      clearInterval(timer)
      stop = () => {}
    }
    dialog.showModal()
  }

  return { element: dialog, show }
}

const elementFor = async (type: string, name: string, content: Blob, url: string): Promise<HTMLElement> => {
  if (type.startsWith('image/')) {
    const picture = element('img', { src: url, alt: name })
    await picture.decode()
    return picture
  }
  if (type.startsWith('video/')) return element('video', { src: url, controls: true, 'aria-label': name })
  if (type.startsWith('audio/')) return element('audio', { src: url, controls: true, 'aria-label': name })
  if (isText(type)) return element('pre', { tabindex: 0 }, await content.slice(0, TEXT_BYTES_MAX).text())
  return element('span', { class: 'preview-none' }, icon('file'), 'No preview for this kind of file')
}
