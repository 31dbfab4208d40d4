import { element } from './element'

const APART_MS = 900

/** Tells a screen reader what happened, a few words at a time; the last word about one thing wins. */
export const liveRegion = () => {
  const region = element('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
  const waiting = new Map<string, string>()
  let timer: ReturnType<typeof setTimeout> | null = null
  const speak = () => {
    timer = null
    region.textContent = [...waiting.values()].join('. ')
    waiting.clear()
  }
  return {
    element: region,
    say: (about: string, text: string): void => {
      waiting.set(about, text)
      timer ??= setTimeout(speak, APART_MS)
    },
  }
}
