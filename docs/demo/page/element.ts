type Attributes = Readonly<Record<string, string | number | boolean>>

/** An element with attributes and children. `true` stands for an attribute without a value; `false` leaves it out. */
export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag)
  setAttributes(made, attributes)
  made.append(...children)
  return made
}

export const setAttributes = (of: Element, attributes: Attributes): void => {
  for (const [name, value] of Object.entries(attributes)) {
    const text = value === true ? '' : String(value)
    if (value === false) of.removeAttribute(name)
    else if (of.getAttribute(name) !== text) of.setAttribute(name, text)
  }
}

/** A change that is none costs no layout and no announcement. */
export const setText = (of: Element, text: string): void => {
  if (of.textContent !== text) of.textContent = text
}

export const button = (attributes: Attributes, onClick: (event: MouseEvent) => void, ...children: readonly (Node | string)[]) => {
  const made = element('button', { type: 'button', ...attributes }, ...children)
  made.addEventListener('click', onClick)
  return made
}
