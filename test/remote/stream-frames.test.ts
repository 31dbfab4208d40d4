import { fc, test } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import { describe, expect } from 'vitest'
import { concatenated, textBytes, type Bytes } from '../../src/model/bytes'
import type { BlobId } from '../../src/model/ids'
import { frameParser, uploadFrames } from '../../src/remote/stream-frames'
import { frameOf } from '../../src/testing/soledad-answers'
import { key, left, right } from './against'

const blob = fc.uint8Array({ minLength: 16, maxLength: 300 }).map((bytes) => concatenated(bytes))
const blobs = fc.array(blob, { maxLength: 8 })
const cuts = fc.array(fc.nat(400), { maxLength: 40 })

/** The parts that some sizes make of a wire; what is left over comes last. */
const partsOf = (wire: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] => {
  let place = 0
  return [...sizes, wire.length].map((size) => wire.subarray(place, (place += size)))
}

/** What came of the parts, and the first refusal if there was one. */
const parsed = (parts: readonly Uint8Array[], count: number, bytesMax = Infinity) => {
  const frames = frameParser(count, bytesMax)
  const refused = parts.map(frames.take).find(E.isLeft)
  return { received: frames.received, outcome: refused ?? frames.end() }
}

const wireOf = (all: readonly Bytes[]) => concatenated(...all.map(frameOf))

const tagOf = (bytes: Bytes) => Buffer.from(bytes.subarray(-16)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

describe('the frames of a download', () => {
  test.prop([blobs, cuts])('are read back, whatever the parts that they come in (B14)', (all, sizes) => {
    const { received, outcome } = parsed(partsOf(wireOf(all), sizes), all.length)
    right(outcome)
    expect(received).toEqual(all.map((bytes) => ({ bytes, tag: tagOf(bytes) })))
  })

  test.prop([blobs, cuts, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })])(
    'that are cut anywhere give exactly the blobs that came whole',
    (all, sizes, ratio) => {
      fc.pre(all.length > 0)
      const at = Math.floor(ratio * wireOf(all).length)
      const { received, outcome } = parsed(partsOf(wireOf(all).subarray(0, at), sizes), all.length)
      let endsAt = 0
      const whole = all.filter((bytes) => (endsAt += frameOf(bytes).length) <= at)
      expect(received.map((blob) => blob?.bytes)).toEqual(whole)
      expect(left(outcome)._tag).toBe('Unreachable')
    },
  )

  test.prop([blobs, fc.uint8Array({ minLength: 1, maxLength: 50 }), cuts])(
    'may not be followed by a single byte',
    (all, excess, sizes) => {
      const { received, outcome } = parsed(partsOf(concatenated(wireOf(all), excess), sizes), all.length)
      expect(received.length).toBe(all.length)
      expect(left(outcome)._tag).toBe('Corrupt')
    },
  )

  test.prop([fc.uint8Array({ maxLength: 2000 }), fc.nat(5), fc.nat(1000), cuts])(
    'that are rubbish end it, the same way in any parts, and never with more bytes than are allowed',
    (wire, count, bytesMax, sizes) => {
      const whole = parsed([wire], count, bytesMax)
      const { received, outcome } = parsed(partsOf(wire, sizes), count, bytesMax)
      expect({ received, outcome }).toEqual({ received: whole.received, outcome: whole.outcome })
      expect(received.reduce((sum, blob) => sum + (blob?.bytes.length ?? 0), 0)).toBeLessThanOrEqual(bytesMax)
    },
  )

  test('may bring a blob of no bytes', () => {
    const tag = 'A'.repeat(22) + '=='
    const wire = textBytes(`00000000${tag} 00000000${tag} `)
    const empty = { bytes: new Uint8Array(0), tag }
    expect(parsed([wire], 2)).toEqual({ received: [empty, empty], outcome: E.right(undefined) })
  })

  describe('are Corrupt, however they are cut, with a header', () => {
    const [size, tag] = ['00000001', 'AAAAAAAAAAAAAAAAAAAAAA==']
    for (const [name, header] of [
      ['whose size is no number', `0000000g${tag} `],
      ['whose size is negative', `-0000001${tag} `],
      ['whose size has a sign', `+0000001${tag} `],
      ['whose size has a prefix', `0x000001${tag} `],
      ['whose size is padded with blanks', `       1${tag} `],
      ['whose size is in upper case', `0000000A${tag} `],
      ['whose tag has other characters', `${size}AAAAAAAAAAAAAAAAAAAAA+== `],
      ['whose tag has a line end', `${size}AAAAAAAAAAAAAAAAAAAAA\n== `],
      ['that does not end in a blank', `${size}${tag}\n`],
      ['that ends in another character', `${size}${tag}x`],
      ['that lacks a character', `${size}${tag.slice(1)} x`],
      ['that is a page', '<!DOCTYPE html><html><body>Sorry</body></html>'],
    ] as const) {
      test(name, () => {
        const wire = concatenated(frameOf(textBytes('a blob of some bytes')), textBytes(header), new Uint8Array(100))
        for (const partBytes of [1, 7, wire.length]) {
          const sizes = Array.from({ length: Math.ceil(wire.length / partBytes) }, () => partBytes)
          const { received, outcome } = parsed(partsOf(wire, sizes), 2)
          expect(received.length).toBe(1)
          expect(left(outcome)._tag).toBe('Corrupt')
        }
      })
    }
  })

  test('whose size goes beyond what is allowed are TooLarge before a byte of it came, and take no memory', () => {
    const frames = frameParser(2, 1000)
    right(frames.take(frameOf(new Uint8Array(900))))
    const before = process.memoryUsage().arrayBuffers
    expect(left(frames.take(textBytes('ffffffffAAAAAAAAAAAAAAAAAAAAAA== ')))._tag).toBe('TooLarge')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24)
    expect(left(frames.take(new Uint8Array(10)))._tag).toBe('TooLarge')
    expect(left(frames.end())._tag).toBe('TooLarge')
    expect(frames.received.length).toBe(1)
  })

  test('may be as large together as is allowed, and not one byte more', () => {
    const all = [new Uint8Array(500), new Uint8Array(500)]
    right(parsed([wireOf(all)], 2, 1000).outcome)
    expect(left(parsed([wireOf(all)], 2, 999).outcome)._tag).toBe('TooLarge')
  })

  test('are the parser’s own: the parts may be used again', () => {
    const wire = frameOf(new Uint8Array(100).fill(7))
    const frames = frameParser(1, 100)
    const part = new Uint8Array(wire.length)
    part.set(wire)
    right(frames.take(part))
    part.fill(0)
    expect(frames.received[0]?.bytes).toEqual(new Uint8Array(100).fill(7))
  })
})

describe('the frames of an upload', () => {
  test.prop([fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/), { maxLength: 6 }), blobs])(
    'are a line of JSON with ids and sizes, then the blobs',
    (ids, all) => {
      const small = ids.map((id, index) => ({ id: key(id).id, bytes: all[index] ?? new Uint8Array(index) }))
      const wire = uploadFrames(small)
      const lineEnd = wire.indexOf(10)
      const announced: [BlobId, number][] = JSON.parse(new TextDecoder().decode(wire.subarray(0, lineEnd)))
      expect(announced).toEqual(small.map(({ id, bytes }) => [id, bytes.length]))
      expect(wire.subarray(lineEnd + 1)).toEqual(concatenated(...small.map(({ bytes }) => bytes)))
    },
  )
})
