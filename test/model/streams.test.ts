import { expect, test } from 'vitest'
import { givesAway, passedOn } from '../../src/model/streams'
import { bodyOf, wholeOf } from '../../src/testing/cipher-bytes'
import { isBrowser } from '../cipher/vectors'
import { readInto } from './read-into'

const bytes = new Uint8Array([1, 2, 3, 4])
const giving = () => new Blob([bytes]).stream()

test('a stream passed on gives away what its source did, and has the same bytes', async () => {
  for (const [source, gives] of [[giving(), !isBrowser] as const, [bodyOf([bytes]), false] as const]) {
    expect(givesAway(source)).toBe(gives)
    const passed = passedOn(source, () => {})
    expect(givesAway(passed)).toBe(gives)
    expect(await wholeOf(passed)).toEqual(bytes)
  }
})

test('who reads a byte stream that was passed on into memory of his own comes to its end, or is refused in browsers', async () => {
  const read = readInto(passedOn(giving(), () => {}))
  if (isBrowser) await expect(read).rejects.toThrow(TypeError)
  else expect(await read).toEqual(bytes)
})

test('whoever saw a piece of a byte stream go by does not have it any more, but in browsers', async () => {
  const seen: Uint8Array[] = []
  await wholeOf(passedOn(giving(), (piece) => void seen.push(piece)))
  await wholeOf(passedOn(bodyOf([bytes]), (piece) => void seen.push(piece)))
  expect(seen).toEqual([isBrowser ? bytes : new Uint8Array(0), bytes])
})

test('what is thrown about a piece is the error of the stream, and so is that of its source', async () => {
  const broken = new Error('enough')
  const passed = passedOn(giving(), () => {
    throw broken
  })
  await expect(wholeOf(passed)).rejects.toBe(broken)
  await expect(wholeOf(passedOn(bodyOf([bytes], broken), () => {}))).rejects.toBe(broken)
})

test('who cancels it cancels its source', async () => {
  let isOver = false
  const source = bodyOf([bytes], undefined, () => (isOver = true))
  await passedOn(source, () => {}).cancel()
  expect(isOver).toBe(true)
})
