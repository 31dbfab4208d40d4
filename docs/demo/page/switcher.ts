import { button, element, setAttributes, setText } from './element'

export interface Place {
  readonly key: string
  readonly name: string
  /** What stands beside the name: a number, or a word. */
  readonly count: () => string
}

/** Which of the places a narrow screen shows; on a wide one all are there and this is not. */
export const switcher = (
  places: readonly Place[],
  main: HTMLElement,
): { readonly element: HTMLElement; readonly show: () => void } => {
  const made = places.map(({ key, name, count }) => {
    const number = element('span', { class: 'switcher-count' })
    const tab = button({ class: 'switcher-tab' }, () => choose(key), element('span', {}, name), number)
    return { key, tab, number, count }
  })
  const choose = (chosen: string) => {
    setAttributes(main, { 'data-shown': chosen })
    for (const { key, tab } of made) setAttributes(tab, { 'aria-pressed': String(key === chosen) })
  }
  choose(places[0]?.key ?? '')
  return {
    element: element('nav', { class: 'switcher', 'aria-label': 'What to show' }, ...made.map(({ tab }) => tab)),
    show: () => made.forEach(({ number, count }) => setText(number, count())),
  }
}
