import { button, element } from './element'
import { icon } from './icons'

const SHOWN_MAX = 4
const SHOWN_MS = 9000

/** Where the page says what it could not do. */
export const toasts = () => {
  const place = element('div', { class: 'toasts', role: 'alert' })
  return {
    element: place,
    complain: (text: string): void => {
      const toast = element('div', { class: 'toast' }, icon('alert'), element('span', {}, text))
      toast.append(button({ class: 'icon-button', 'aria-label': 'Dismiss' }, () => toast.remove(), icon('close')))
      place.append(toast)
      while (place.childElementCount > SHOWN_MAX) place.firstElementChild?.remove()
      setTimeout(() => toast.remove(), SHOWN_MS)
    },
  }
}
