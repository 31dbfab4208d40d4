import { button, element } from './element'
import { icon } from './icons'

const PLACE = 'blobsync-demo/intro'

/** What a first visitor should know, in three sentences. */
export const intro = (): HTMLElement => {
  const made = element(
    'aside',
    { class: 'intro', 'aria-label': 'What this is' },
    element('p', {}, icon('picture'), 'Drop files on one device: they are encrypted there, and appear on the other.'),
    element('p', {}, icon('lock'), 'The server between them stores every file, and cannot read a single one.'),
    element(
      'p',
      {},
      icon('retry'),
      'Cut a wire, spoil a download, reload: nothing is lost, and each file says what it waits for.',
    ),
  )
  made.append(
    button(
      { class: 'icon-button', 'aria-label': 'Dismiss this text', title: 'Dismiss' },
      () => {
        localStorage.setItem(PLACE, 'read')
        made.remove()
      },
      icon('close'),
    ),
  )
  made.hidden = localStorage.getItem(PLACE) === 'read'
  return made
}
