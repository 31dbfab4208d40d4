import { fc, test } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import { describe, expect } from 'vitest'
import { BlobId, blobKey, keyText, Namespace, newBlobKey } from '../../src/model/ids'

const legalCharacter = fc.constantFrom(...'ABCXYZabcxyz0189_-')
const legalName = fc.string({ unit: legalCharacter, minLength: 1, maxLength: 240 })

const illegal = ['', '.', '..', '../x', 'a/b', 'a b', 'ä', 'a\n', '\na', 'a\0', 'a%2f', 'a?b', 'a=', '💾', 'a'.repeat(255)]

describe('ids', () => {
  test.each(illegal)('%j is no blob id and no namespace', (text) => {
    expect(BlobId.is(text)).toBe(false)
    expect(Namespace.is(text)).toBe(false)
    expect(blobKey(text)).toMatchObject({ _tag: 'Left', left: { _tag: 'Corrupt' } })
  })

  test.each([undefined, null, 7, {}, ['a']])('%j is no blob id', (value) => {
    expect(BlobId.is(value)).toBe(false)
  })

  test.prop([legalName, legalName])('legal ids and namespaces make a key', (id, namespace) => {
    expect(E.map(keyText)(blobKey(id, namespace))).toEqual(E.right(`${namespace}/${id}`))
  })

  test.prop([fc.string({ unit: 'binary' })])('an id is legal exactly when every character is', (text) => {
    expect(BlobId.is(text)).toBe(text.length > 0 && text.length <= 254 && [...text].every((c) => /[A-Za-z0-9_-]/.test(c)))
  })

  test.prop([legalName, legalName, legalName, legalName])(
    'keys of different blobs differ as text',
    (id, namespace, otherId, other) => {
      const isSame = id === otherId && namespace === other
      expect(E.map(keyText)(blobKey(id, namespace))).not.toEqual(isSame ? null : E.map(keyText)(blobKey(otherId, other)))
    },
  )

  test('ids that differ in case are different', () => {
    expect(blobKey('a')).not.toEqual(blobKey('A'))
  })

  test.each([undefined, ''])('namespace %j is the default one', (namespace) => {
    expect(blobKey('a', namespace)).toEqual(blobKey('a', 'default'))
  })

  test('an illegal namespace is named in the message', () => {
    expect(blobKey('a', '../x')).toMatchObject({ _tag: 'Left', left: { message: expect.stringContaining('../x') } })
  })

  test('254 characters are read, 240 are created', () => {
    expect(E.isRight(blobKey('a'.repeat(254)))).toBe(true)
    expect(E.isRight(newBlobKey('a'.repeat(240)))).toBe(true)
    expect(newBlobKey('a'.repeat(241))).toMatchObject({ _tag: 'Left', left: { _tag: 'TooLarge' } })
  })

  test('a new id obeys the rules of any id', () => {
    expect(newBlobKey('a/b')).toMatchObject({ _tag: 'Left', left: { _tag: 'Corrupt' } })
  })
})
