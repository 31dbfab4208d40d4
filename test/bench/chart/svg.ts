/** As much of SVG as a chart needs, as text. */
export type Attributes = Readonly<Record<string, string | number>>

export const element = (name: string, attributes: Attributes, ...children: readonly string[]): string => {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? short(value) : value)}"`,
  )
  return children.length === 0 ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${children.join('')}</${name}>`
}

export type Anchor = 'start' | 'middle' | 'end'

/** `style` is one of the chart’s classes. */
export const text = (x: number, y: number, style: string, words: string, anchor: Anchor = 'start'): string =>
  element('text', { x, y, class: style, ...(anchor === 'start' ? {} : { 'text-anchor': anchor }) }, escaped(words))

export const line = (x1: number, y1: number, x2: number, y2: number, style: string): string =>
  element('line', { x1, y1, x2, y2, class: style })

const short = (value: number) => String(Number(value.toFixed(1)))

const escaped = (words: string) =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
