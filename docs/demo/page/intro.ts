import { button, element } from './element'
import { icon } from './icons'

const PLACE = 'blobsync-demo/intro'

/** What a first visitor should know, in three sentences. */
export const intro = (): HTMLElement => {
  const made = element(
    'aside',
    { class: 'intro', 'aria-label': 'What this is' },
    element(
      'p',
      {},
      element('strong', {}, 'Drop a file on one device and it appears on the other.'),
      ' It is encrypted before it leaves and verified when it arrives, so the server in between holds nothing but ciphertext.',
      ' Cut a wire, corrupt a download, reload or close the tab in the middle: nothing is lost, and each file says what it waits for.',
    ),
  )
  made.append(
    button({ class: 'icon-button', 'aria-label': 'Dismiss this text', title: 'Dismiss' }, () => {
      localStorage.setItem(PLACE, 'read')
      made.remove()
    }, icon('close')),
  )
  made.hidden = localStorage.getItem(PLACE) === 'read'
  return made
}
