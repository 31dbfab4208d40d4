import { fc, test } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import type * as t from 'io-ts'
import { describe, expect } from 'vitest'
import { checkIds, Count, decode, IdList, ServerInfo, Tag } from '../../src/model/wire'

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')

describe('tags', () => {
  test.prop([fc.uint8Array({ minLength: 16, maxLength: 16 })])('16 bytes as padded base64url are a tag', (bytes) => {
    expect(Tag.is(base64url(bytes))).toBe(true)
  })

  test.prop([fc.uint8Array({ maxLength: 40 })])('any other number of bytes is none', (bytes) => {
    expect(Tag.is(base64url(bytes))).toBe(bytes.length === 16)
  })

  test.prop([fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(23)])(
    'a tag that lacks a character is none',
    (bytes, at) => {
      const text = base64url(bytes)
      expect(Tag.is(text.slice(0, at) + text.slice(at + 1))).toBe(false)
    },
  )

  test.each([
    ['empty', ''],
    ['blank', ' '],
    ['unpadded', 'AAAAAAAAAAAAAAAAAAAAAA'],
    ['with unused bits set', 'AAAAAAAAAAAAAAAAAAAAAB=='],
    ['in the other alphabet', '+/AAAAAAAAAAAAAAAAAAAA=='],
    ['with a line end', 'AAAAAAAAAAAAAAAAAAAAAA==\n'],
    ['with a blank before', ' AAAAAAAAAAAAAAAAAAAAAA=='],
    ['of null', null],
    ['of a number', 0],
    ['of an array', ['AAAAAAAAAAAAAAAAAAAAAA==']],
  ])('a tag %s is refused', (_how, value) => {
    expect(E.isLeft(Tag.decode(value))).toBe(true)
  })

  test('two texts are never the same tag', () => {
    const last = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    const tags = last.map((character) => `${'A'.repeat(21)}${character}==`).filter(Tag.is)
    expect(new Set(tags.map((tag) => atob(tag.replaceAll('-', '+').replaceAll('_', '/')))).size).toBe(tags.length)
    expect(tags).toHaveLength(4)
  })
})

describe('lists of ids', () => {
  test('one bad id does not spoil the list', () => {
    const { good, bad } = checkIds(['a', '../x', 'b', '', 7, null, { id: 'c' }, 'c\n', 'd'])
    expect(good).toEqual(['a', 'b', 'd'])
    expect(bad.map(({ _tag }) => _tag)).toEqual(Array.from({ length: 6 }, () => 'Corrupt'))
  })

  test('a bad id is quoted in part only', () => {
    expect(checkIds(['/'.repeat(1_000_000)]).bad[0]?.message.length).toBeLessThan(200)
  })

  test.prop([fc.array(fc.jsonValue())])('each listed value is either good or bad', (values) => {
    const { good, bad } = checkIds(values)
    expect(good.length + bad.length).toBe(values.length)
  })
})

describe('messages', () => {
  test.prop([fc.jsonValue()])('a message decodes or is Corrupt, and names what it was', (message) => {
    const codecs: readonly t.Decoder<unknown, unknown>[] = [IdList, Count, ServerInfo]
    for (const codec of codecs) {
      const decoded = decode(codec, 'The list', message)
      if (E.isRight(decoded)) expect(decoded.right).toEqual(message)
      else expect(decoded.left).toMatchObject({ _tag: 'Corrupt', message: expect.stringContaining('The list') })
    }
  })

  test.each([{}, 'a', 1, null])('%j is no list', (message) => {
    expect(E.isLeft(decode(IdList, 'The list', message))).toBe(true)
  })

  test.each([{}, { count: '3' }, [], 3])('%j is no count', (message) => {
    expect(E.isLeft(decode(Count, 'The count', message))).toBe(true)
  })

  test('a count and a server’s description decode', () => {
    expect(decode(Count, 'The count', { count: 3 })).toEqual(E.right({ count: 3 }))
    expect(decode(ServerInfo, 'The server', { blobs: true, version: '1' })).toEqual(E.right({ blobs: true, version: '1' }))
  })
})
