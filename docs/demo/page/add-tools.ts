import type { Given } from './adding'
import type { Device } from './device'
import { button, element } from './element'
import { countText } from './format'
import { givenBy } from './given'
import { icon } from './icons'
import { samplePhotos } from './samples'

const PROBLEMS_SHOWN = 3

/** The ways to put files on a device. */
export const addTools = (device: Device, say: (about: string, text: string) => void, complain: (text: string) => void) => {
  const add = async (given: readonly Given[]) => {
    if (given.length === 0) return
    const problems = await device.add(given)
    say(`${device.label} added`, `${countText(given.length - problems.length, 'file')} added on ${device.label}`)
    for (const problem of problems.slice(0, PROBLEMS_SHOWN)) complain(problem)
    if (problems.length > PROBLEMS_SHOWN)
      complain(`${countText(problems.length - PROBLEMS_SHOWN, 'more file')} could not be stored.`)
  }
  const take = (given: Promise<readonly Given[]> | readonly Given[]) =>
    void Promise.resolve(given)
      .then(add)
      .catch((error: unknown) => complain(`This could not be read: ${String(error)}`))

  const picker = (attributes: Record<string, string | boolean>, name: string) => {
    const input = element('input', {
      type: 'file',
      multiple: true,
      hidden: true,
      'aria-label': `${name} on ${device.label}`,
      ...attributes,
    })
    input.addEventListener('change', () => {
      take(givenBy(input.files))
      input.value = ''
    })
    return input
  }
  const files = picker({ 'data-files': true }, 'Add files')
  const folder = picker({ webkitdirectory: true }, 'Add a folder')
  const samples = button(
    { class: 'button', title: 'Adds 12 photos, painted by this page' },
    () => take(samplePhotos()),
    icon('picture'),
    'Sample photos',
  )
  return {
    element: element(
      'div',
      { class: 'panel-tools' },
      button({ class: 'button is-main' }, () => files.click(), icon('plus'), 'Add files'),
      button(
        { class: 'button', 'aria-label': 'Add a folder' },
        () => folder.click(),
        icon('folder'),
        element('span', { class: 'spared' }, 'Folder'),
      ),
      samples,
      files,
      folder,
    ),
    take,
  }
}
