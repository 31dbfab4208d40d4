import { setAttributes } from './element'

/** Drawn on a grid of 20, in strokes of 1.6. */
const paths = {
  up: 'M10 16V4.5M5.2 9.2 10 4.4l4.8 4.8',
  down: 'M10 4v11.5M5.2 10.8 10 15.6l4.8-4.8',
  right: 'M3.4 10h12.4M11.6 5.8 15.8 10l-4.2 4.2',
  left: 'M16.6 10H4.2M8.4 5.8 4.2 10l4.2 4.2',
  check: 'm4.8 10.6 3.4 3.4 7-8',
  clock: 'M10 3.2a6.8 6.8 0 1 0 0 13.6 6.8 6.8 0 0 0 0-13.6ZM10 6.6V10l2.4 1.6',
  retry: 'M15.8 8.2A6.2 6.2 0 1 0 16.2 11M16.2 4.4v4h-4',
  alert: 'M10 3.4 17.4 16H2.6L10 3.4ZM10 8.2v3.6M10 13.9v.1',
  trash: 'M4 5.6h12M8 5.4V3.6h4v1.8M5.4 5.8l.7 10.6h7.8l.7-10.6M8.6 8.6v5M11.4 8.6v5',
  pause: 'M7 4.6v10.8M13 4.6v10.8',
  play: 'M6.4 4.4v11.2l9-5.6-9-5.6Z',
  more: 'M4.6 10h.1M10 10h.1M15.4 10h.1',
  link: 'M8.4 11.6a3 3 0 0 0 4.4.2l2.6-2.6a3 3 0 0 0-4.3-4.3l-1 1M11.6 8.4a3 3 0 0 0-4.4-.2l-2.6 2.6a3 3 0 0 0 4.3 4.3l1-1',
  open: 'M11.6 3.8h4.6v4.6M16 4l-6.4 6.4M14.2 11.6v4H4.4V5.8h4',
  plus: 'M10 4.4v11.2M4.4 10h11.2',
  folder: 'M3 15.4V4.8h5l1.6 2h7.4v8.6H3Z',
  picture: 'M3.4 4.4h13.2v11.2H3.4V4.4ZM3.6 13.4l3.8-3.8 3.2 3.2 2-2 3.8 3.6M12.8 7.6v.1',
  file: 'M5 3.2h6.4L15 6.8v10H5V3.2ZM11.2 3.4V7h3.6',
  lock: 'M5 9.2h10v7.2H5V9.2ZM7 9V6.6a3 3 0 0 1 6 0V9',
  cloud: 'M6 15.4a3.4 3.4 0 0 1-.4-6.8 4.6 4.6 0 0 1 8.9.9 3 3 0 0 1-.3 5.9H6Z',
  close: 'm5.4 5.4 9.2 9.2M14.6 5.4l-9.2 9.2',
  screen: 'M3.2 4.6h13.6v8.8H3.2V4.6ZM7.4 16.2h5.2',
  chart: 'M4 4.2h4.4v4.4H4V4.2ZM11.6 11.4H16v4.4h-4.4v-4.4ZM8.6 6.4h5.2v4.8',
  sun: 'M10 6.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8ZM10 2.4v1.4M10 16.2v1.4M2.4 10h1.4M16.2 10h1.4M4.6 4.6l1 1M14.4 14.4l1 1M15.4 4.6l-1 1M5.6 14.4l-1 1',
  moon: 'M15.8 12.2A6.6 6.6 0 0 1 7.8 4.2a6.6 6.6 0 1 0 8 8Z',
} as const

export type IconName = keyof typeof paths

const SVG = 'http://www.w3.org/2000/svg'

/** Says nothing to a screen reader: a text beside it does. */
export const icon = (name: IconName): SVGSVGElement => {
  const svg = document.createElementNS(SVG, 'svg')
  setAttributes(svg, { viewBox: '0 0 20 20', class: 'icon', 'aria-hidden': 'true' })
  svg.append(pathOf(name))
  return svg
}

/** Shows another icon in the same place. */
export const changeIcon = (svg: SVGSVGElement, name: IconName): void => {
  if (svg.firstElementChild?.getAttribute('d') !== paths[name]) svg.replaceChildren(pathOf(name))
}

const pathOf = (name: IconName) => {
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', paths[name])
  return path
}
