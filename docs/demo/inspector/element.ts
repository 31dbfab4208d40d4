/** An element that inspector.html has. */
export const byId = (id: string): HTMLElement => {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`inspector.html has no #${id}.`)
  return element
}

export const inputById = (id: string): HTMLInputElement => {
  const element = byId(id)
  if (!(element instanceof HTMLInputElement)) throw new Error(`#${id} of inspector.html is no input.`)
  return element
}

/** Fills a row with cells, one for each class; only what changed is written. */
export const fillCells = (row: HTMLElement, cells: readonly (readonly [name: string, text: string])[]): void => {
  cells.forEach(([name, text], at) => {
    const known = row.children[at]
    const cell = known ?? row.appendChild(document.createElement('span'))
    if (cell.className !== name) cell.className = name
    if (cell.textContent !== text) cell.textContent = text
  })
}
