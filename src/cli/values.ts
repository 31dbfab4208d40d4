import { Problem } from './problem'

/** What the command line gave, by the option's name. */
export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

export const textIn = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export const flagIn = (values: Values, name: string): boolean => values[name] === true

export const textsIn = (values: Values, name: string): readonly string[] => {
  const value = values[name]
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** A whole number of at least `min`; undefined if the option was not given. */
export const countIn = (values: Values, name: string, min: number): number | undefined =>
  countOf(textIn(values, name), `--${name}`, min)

/** As `countIn`, of a text from anywhere; `what` names it. */
export const countOf = (text: string | undefined, what: string, min: number): number | undefined => {
  if (text === undefined) return undefined
  const count = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < min) {
    throw new Problem(`${what} takes a whole number from ${min} on, not “${text}”.`)
  }
  return count
}
