import type { BlobSync } from 'blobsync'

/** Shows the blobs in an element until it is told to stop. */
export const showBlobs = (blobs: BlobSync, element: HTMLElement): (() => void) => {
  const summary = document.createElement('p')
  const items = document.createElement('ul')
  element.append(summary, items)

  const show = () => {
    const list = blobs.list()
    const { counts, connectivity } = blobs.getSnapshot()
    summary.textContent = `${counts.SYNCED} of ${list.length} synced, ${connectivity}`
    items.replaceChildren(
      ...list.map(({ id, status }) => Object.assign(document.createElement('li'), { textContent: `${id}: ${status}` })),
    )
  }
  show()
  const stops = [blobs.subscribe(show), blobs.on('list.changed', show)]
  return () => stops.forEach((stop) => stop())
}
