import { expect, test } from 'vitest'
import { isByteStream, passedOn } from '../../src/model/streams'
import { bodyOf, wholeOf } from '../../src/testing/cipher-bytes'
import { readInto } from './read-into'

const bytes = new Uint8Array([1, 2, 3, 4])
const giving = () => new Blob([bytes]).stream()

test('a stream passed on is of its type, and has the same bytes', async () => {
  for (const [source, isBytes] of [[giving(), true] as const, [bodyOf([bytes]), false] as const]) {
    expect(isByteStream(source)).toBe(isBytes)
    const passed = passedOn(source, () => {})
    expect(isByteStream(passed)).toBe(isBytes)
    expect(await wholeOf(passed)).toEqual(bytes)
  }
})

test('who reads a byte stream that was passed on into memory of his own comes to its end', async () => {
  expect(await readInto(passedOn(giving(), () => {}))).toEqual(bytes)
})

test('whoever saw a piece of a byte stream go by does not have it any more', async () => {
  const seen: Uint8Array[] = []
  await wholeOf(passedOn(giving(), (piece) => void seen.push(piece)))
  await wholeOf(passedOn(bodyOf([bytes]), (piece) => void seen.push(piece)))
  expect(seen).toEqual([new Uint8Array(0), bytes])
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
