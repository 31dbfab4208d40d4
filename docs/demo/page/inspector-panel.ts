import type { InspectionEvent } from 'xstate'
import { button, element } from './element'
import { icon } from './icons'

export const inspectorPanel = () => {
  const panel = element('section', { class: 'inspector', hidden: true, 'aria-label': 'Inspector' })
  const observer = { next: (_event: InspectionEvent) => {} }
  return {
    element: panel,
    observer,
    button: button({ class: 'button is-quiet', 'aria-expanded': 'false' }, () => {}, icon('chart'), 'Inspector'),
  }
}
