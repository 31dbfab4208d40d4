import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Failure, FailureTag } from '../model/failure'

/** @throws {Error} with `what` unless the claim holds. */
export const expectTrue: (claim: boolean, what: string) => asserts claim = (claim, what) => {
  if (!claim) throw new Error(what)
}

/** Compares plain data and bytes by content. */
export const expectEqual = <A>(actual: A, expected: A, what: string): void =>
  expectTrue(isSame(actual, expected), `${what}: expected ${shown(expected)}, got ${shown(actual)}`)

/** Compares bytes, and on a difference tells its place instead of the bytes. */
export const expectBytes = (actual: Uint8Array, expected: Uint8Array, what: string): void => {
  expectEqual(actual.length, expected.length, `${what}: length in bytes`)
  const place = actual.findIndex((byte, index) => byte !== expected[index])
  expectTrue(place === -1, `${what}: differs first at byte ${place}`)
}

/** @returns what the right holds. */
export const expectRight = <A>(either: E.Either<Failure, A>, what: string): A => {
  if (E.isRight(either)) return either.right
  throw new Error(`${what}: failed as ${shown(either.left)}`)
}

/** @returns the failure; with a tag, only that one will do. */
export const expectLeft = <A>(either: E.Either<Failure, A>, what: string, tag?: FailureTag): Failure => {
  if (E.isRight(either))
    throw new Error(`${what}: should have failed${tag === undefined ? '' : ` as ${tag}`}, got ${shown(either.right)}`)
  if (tag !== undefined) expectEqual<string>(either.left._tag, tag, `${what}: which failure (“${either.left.message}”)`)
  return either.left
}

/** @returns what the some holds. */
export const expectSome = <A>(option: O.Option<A>, what: string): A => {
  if (O.isSome(option)) return option.value
  throw new Error(`${what}: there is none`)
}

export const expectNone = <A>(option: O.Option<A>, what: string): void =>
  expectTrue(O.isNone(option), `${what}: there should be none`)

const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.length === b.length && a.every((byte, index) => byte === b[index])
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const inA = new Map(Object.entries(a))
  const inB = new Map(Object.entries(b))
  return inA.size === inB.size && [...inA].every(([name, value]) => inB.has(name) && isSame(value, inB.get(name)))
}

const shown = (value: unknown): string =>
  value instanceof Uint8Array ? `${value.length} bytes` : (JSON.stringify(value) ?? String(value)).slice(0, 300)
