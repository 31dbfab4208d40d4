import * as E from 'fp-ts/Either'
import { breather } from '../model/breather'
import { failure, type Failure } from '../model/failure'
import { bodyFailureOf } from './read-whole'

/**
 * Reads a JSON array item by item while it comes, so that neither its text nor all of its items are held at once.
 *
 * @param take Called with some items at a time, in order; also before it is known whether the rest is sound.
 */
export const readItems = async (
  body: ReadableStream<Uint8Array>,
  what: string,
  take: (items: readonly unknown[]) => void,
): Promise<E.Either<Failure, void>> => {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const cutter = itemCutter()
  const breathe = breather()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const ready = cutter.add(decoder.decode(part.value, { stream: true }))
      if (ready !== '') take(JSON.parse(`[${ready}]`))
      await breathe()
    }
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) return E.left(bodyFailureOf(thrown, 'Unreachable'))
    await reader.cancel().catch(() => {})
    return E.left(failure('Corrupt', `${what} is no JSON.`))
  }
  const { isArray, rest } = cutter.end(decoder.decode())
  try {
    const items: unknown = JSON.parse(rest)
    if (!isArray || !Array.isArray(items)) return E.left(failure('Corrupt', `${what} is not of the form that it should have.`))
    take(items)
    return E.right(undefined)
  } catch {
    return E.left(failure('Corrupt', `${what} is no JSON.`))
  }
}

const QUOTE = 34
const COMMA = 44
const BACKSLASH = 92

/** Cuts the text of an array behind its last whole item. What is not an array is kept whole. */
const itemCutter = () => {
  let text = ''
  let at = 0
  let depth = 0
  let isInString = false
  let hasBegun = false
  let hasItems = false
  let isArray = true

  /** @returns where the last comma between items is; -1 if there is none. */
  const scan = (): number => {
    let cut = -1
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (isInString) {
        if (code === BACKSLASH) at += 1
        else if (code === QUOTE) isInString = false
      } else if (code === QUOTE) isInString = true
      else if (code === COMMA) {
        if (depth === 0) cut = at
      } else if (code === 91 || code === 123) depth += 1
      else if (code === 93 || code === 125) depth -= 1
    }
    return cut
  }

  const begin = () => {
    const trimmed = text.trimStart()
    if (trimmed === '') return
    hasBegun = true
    isArray = trimmed.startsWith('[')
    if (isArray) text = trimmed.slice(1)
  }

  return {
    /** @returns items, with commas between. */
    add: (more: string): string => {
      text += more
      if (!hasBegun) begin()
      if (!hasBegun || !isArray) return ''
      const cut = scan()
      if (cut === -1) return ''
      const ready = text.slice(0, cut)
      text = text.slice(cut + 1)
      at -= cut + 1
      hasItems = true
      return ready
    },
    /** The JSON of what is left: an array of the last items, where it was one. */
    end: (more: string): { readonly isArray: boolean; readonly rest: string } => {
      text += more
      if (!hasBegun) begin()
      // A comma must have been followed by an item.
      return { isArray, rest: isArray ? `[${hasItems && text.trimStart().startsWith(']') ? ',' : ''}${text}` : text }
    },
  }
}
