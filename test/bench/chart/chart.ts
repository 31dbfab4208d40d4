import { barsHeight, drawBars, type Bars } from './bars.ts'
import { drawLines, LINES_HEIGHT, type Lines } from './lines.ts'
import { element, text } from './svg.ts'

/** A drawing of several panels, each with an axis of its own. */
export interface Chart {
  readonly title: string
  /** What was measured, and on what. */
  readonly notes: readonly string[]
  readonly keys: readonly Key[]
  readonly panels: readonly Panel[]
}

export type Panel = Bars | Lines

export interface Key {
  readonly tone: Tone
  readonly label: string
}

export type Tone = 'ours' | 'ours-pale' | 'theirs' | 'theirs-pale' | 'third'

/** @returns an SVG document that is readable on light and dark pages. */
export const drawn = ({ title, notes, keys, panels }: Chart): string => {
  const top = MARGIN + 26 + notes.length * 17 + (keys.length > 0 ? 26 : 0)
  const parts: string[] = [text(MARGIN, MARGIN + 14, 'title', title)]
  for (const [index, note] of notes.entries()) parts.push(text(MARGIN, MARGIN + 36 + index * 17, 'note', note))
  let keyX = MARGIN
  for (const { tone, label } of keys) {
    parts.push(element('rect', { x: keyX, y: top - 14, width: 11, height: 11, rx: 2, class: tone }))
    parts.push(text(keyX + 17, top - 4, 'label', label))
    keyX += 17 + label.length * 6.4 + 24
  }
  let y = top + 16
  for (let first = 0; first < panels.length; first += COLUMNS) {
    const row = panels.slice(first, first + COLUMNS)
    for (const [column, panel] of row.entries()) parts.push(drawPanel(panel, MARGIN + column * (PANEL_WIDTH + GAP), y))
    y += Math.max(...row.map(heightOf)) + GAP
  }
  const width = MARGIN * 2 + PANEL_WIDTH * COLUMNS + GAP * (COLUMNS - 1)
  const frame = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${y}`, width, height: y, role: 'img' }
  const page = element('rect', { width, height: y, class: 'page' })
  return `${element('svg', frame, element('title', {}, title), element('style', {}, STYLE), page, ...parts.map((part) => `\n${part}`))}\n`
}

const MARGIN = 24
const GAP = 32
const COLUMNS = 2
const PANEL_WIDTH = 440

const heightOf = (panel: Panel) => PANEL_TOP + (panel.kind === 'bars' ? barsHeight(panel) : LINES_HEIGHT)
const PANEL_TOP = 26

const drawPanel = (panel: Panel, x: number, y: number) =>
  element(
    'g',
    { transform: `translate(${x} ${y})` },
    text(0, 12, 'heading', panel.title),
    element(
      'g',
      { transform: `translate(0 ${PANEL_TOP})` },
      ...(panel.kind === 'bars' ? drawBars(panel, PANEL_WIDTH) : drawLines(panel, PANEL_WIDTH)),
    ),
  )

const colours = (tones: Readonly<Record<'page' | 'ink' | 'soft' | 'rule' | Tone, string>>) =>
  `.page{fill:${tones.page}}text{fill:${tones.ink}}.note,.small,.tick{fill:${tones.soft}}.rule{stroke:${tones.rule}}.spread{stroke:${tones.ink}}` +
  (['ours', 'ours-pale', 'theirs', 'theirs-pale', 'third'] as const)
    .map((tone) => `.${tone}{fill:${tones[tone]}}.line-${tone}{stroke:${tones[tone]}}`)
    .join('')

const STYLE =
  'text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif}.title{font-size:18px;font-weight:600}.heading{font-size:13px;font-weight:600}' +
  '.bold{font-weight:600}.small,.tick{font-size:10.5px}path{fill:none;stroke-width:2}line{stroke-width:1}' +
  colours({
    page: '#ffffff',
    ink: '#1f2328',
    soft: '#59636e',
    rule: '#d1d9e0',
    ours: '#1f6fd0',
    'ours-pale': '#8bbcf2',
    theirs: '#7d8590',
    'theirs-pale': '#c3c9d0',
    third: '#b35900',
  }) +
  `@media (prefers-color-scheme:dark){${colours({
    page: '#0d1117',
    ink: '#f0f6fc',
    soft: '#9da7b3',
    rule: '#3d444d',
    ours: '#4a94ee',
    'ours-pale': '#1f4f8f',
    theirs: '#8b949e',
    'theirs-pale': '#4d555e',
    third: '#e08e45',
  })}}`
