import { button, setAttributes } from './element'
import { changeIcon, icon } from './icons'

const PLACE = 'blobsync-demo/theme'

/** Light or dark as the system has it, until somebody chooses. */
export const themeButton = (): HTMLButtonElement => {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const chosen = () => localStorage.getItem(PLACE) ?? ''
  const isDark = () => (chosen() === '' ? dark.matches : chosen() === 'dark')
  const sign = icon('moon')
  const made = button({ class: 'icon-button' }, () => (localStorage.setItem(PLACE, isDark() ? 'light' : 'dark'), show()), sign)
  const show = () => {
    setAttributes(document.documentElement, { 'data-theme': chosen() === '' ? false : chosen() })
    changeIcon(sign, isDark() ? 'sun' : 'moon')
    const text = isDark() ? 'Use light colours' : 'Use dark colours'
    setAttributes(made, { title: text, 'aria-label': text })
  }
  dark.addEventListener('change', show)
  addEventListener('storage', show)
  show()
  return made
}
