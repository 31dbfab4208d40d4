import type { Device } from './device'
import { button, element } from './element'
import { icon } from './icons'

/** The link that opens one device alone, and what one should know of it. */
export const shareDialog = (linkOf: (device: Device) => string) => {
  const body = element('div', { class: 'details' })
  const dialog = element('dialog', { class: 'dialog is-small', 'aria-labelledby': 'share-title' }, body)
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  const show = (device: Device) => {
    const link = linkOf(device)
    const copied = element('span', { role: 'status' })
    const copy = async () => {
      await navigator.clipboard.writeText(link)
      copied.textContent = 'Copied'
    }
    body.replaceChildren(
      element(
        'header',
        { class: 'details-head' },
        element('h2', { id: 'share-title' }, `${device.label} alone`),
        button({ class: 'icon-button', 'aria-label': 'Close', title: 'Close' }, () => dialog.close(), icon('close')),
      ),
      element(
        'p',
        {},
        'In another tab it is the same device, and the tabs agree on which of them works. In another browser profile it is one more device of yours.',
      ),
      element(
        'p',
        {},
        'The link holds the secret that decrypts everything. It stands after the # and so is never sent to a server; give the link to nobody.',
      ),
      element('input', { class: 'link-field', readonly: true, value: link, 'aria-label': `Link to ${device.label}` }),
      element(
        'div',
        { class: 'details-tools' },
        element(
          'a',
          { class: 'button is-main', href: link, target: '_blank', rel: 'noreferrer' },
          icon('open'),
          'Open in a new tab',
        ),
        button(
          { class: 'button' },
          () => void copy().catch(() => (copied.textContent = 'Copy it from the field above')),
          icon('link'),
          'Copy the link',
        ),
        copied,
      ),
    )
    dialog.showModal()
  }
  return { element: dialog, show }
}
