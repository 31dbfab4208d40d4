import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { expect, test } from 'vitest'
import { segmentCutter } from '../../src/cipher/segment-cutter'
import { noise, pieces } from '../../src/testing/cipher-bytes'
import { isBrowser } from './vectors'

const SEGMENT_BYTES = 200_000
const content = noise(691_357)

/** Cuts the content, which comes in pieces of that size. @returns its segments, and the pieces as they are then. */
const cutIn = async (pieceBytes: number, givesAway: boolean) => {
  const given = pieces(content, pieceBytes).map((piece) => piece.slice())
  let next = 0
  const source = {
    givesAway,
    next: () => Promise.resolve(E.right(O.fromNullable(given[next++]))),
    cancel: () => {},
  }
  const cut = segmentCutter(source, SEGMENT_BYTES)
  const segments: Uint8Array[] = []
  for (let isLast = false; !isLast;) {
    const segment = await cut()
    if (E.isLeft(segment)) throw new Error(segment.left.message)
    segments.push(segment.right.bytes.slice())
    isLast = segment.right.isLast
  }
  return { segments, given }
}

test.each([70_000, 100_000, 199_999, 200_000, 200_001, 500_000, 1_000_000])(
  'pieces of %i bytes are cut where they are to be, also where their memory is given back',
  async (pieceBytes) => {
    for (const givesAway of [false, true]) {
      const { segments, given } = await cutIn(pieceBytes, givesAway)
      expect(segments).toEqual(pieces(content, SEGMENT_BYTES))
      if (!givesAway) expect(given).toEqual(pieces(content, pieceBytes))
    }
  },
)

test('what a byte stream gave is given back as it is copied, but for the piece that was not, and not in browsers', async () => {
  const { given } = await cutIn(100_000, true)
  const [first, ...others] = given.map(({ length }) => length > 0)
  expect(first).toBe(true)
  expect(others.slice(0, -1)).toEqual(others.slice(0, -1).map(() => isBrowser))
})
