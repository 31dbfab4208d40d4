/** Lets files be dropped on a panel, which shows while they hang over it. */
export const takeDrops = (panel: HTMLElement, take: (transfer: DataTransfer) => void): void => {
  let depth = 0
  const mark = () => panel.classList.toggle('is-target', depth > 0)
  const isFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
  panel.addEventListener('dragenter', (event) => {
    if (!isFiles(event)) return
    event.preventDefault()
    depth += 1
    mark()
  })
  panel.addEventListener('dragover', (event) => {
    if (!isFiles(event)) return
    event.preventDefault()
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy'
  })
  panel.addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1)
    mark()
  })
  panel.addEventListener('drop', (event) => {
    event.preventDefault()
    depth = 0
    mark()
    if (event.dataTransfer !== null) take(event.dataTransfer)
  })
}
