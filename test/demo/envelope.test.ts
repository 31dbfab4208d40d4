import { expect, test } from 'vitest'
import { open, overheadBytes, seal } from '../../docs/demo/page/envelope'

const header = { name: 'holiday/Übung 1.jpg', type: 'image/jpeg', lastModified: 1_700_000_000_000 }
const content = new Blob([crypto.getRandomValues(new Uint8Array(5_000))])

test('a file comes out of its envelope as it went in, with its name, type and date', async () => {
  const sealed = seal(content, header)
  expect(sealed.size).toBe(content.size + overheadBytes(header))
  const opened = await open(sealed)
  expect(opened.header).toEqual(header)
  expect(opened.content.type).toBe('image/jpeg')
  expect(await opened.content.bytes()).toEqual(await content.bytes())
})

test('an empty file and a very long name are no exception', async () => {
  const long = { ...header, name: `${'a folder/'.repeat(300)}file` }
  const opened = await open(seal(new Blob([]), long))
  expect(opened.header).toEqual(long)
  expect(opened.content.size).toBe(0)
})

test('the same file makes the same bytes, which other dates or names do not', async () => {
  const bytesOf = (given: typeof header) => seal(content, given).bytes()
  expect(await bytesOf(header)).toEqual(await bytesOf({ ...header }))
  expect(await bytesOf({ ...header, name: 'another' })).not.toEqual(await bytesOf(header))
})

test('what could run as a part of the page loses its type', async () => {
  for (const type of [
    'text/html',
    'application/xhtml+xml',
    'application/javascript',
    'text/javascript',
    'application/pdf',
    'image/x;text/html',
  ]) {
    const { content: opened } = await open(seal(content, { ...header, type }))
    expect(opened.type).toMatch(/^(text\/plain;charset=utf-8|application\/octet-stream)$/)
  }
})

test('what is no envelope is content without a name', async () => {
  const prefix = (length: number) =>
    new Uint8Array([0x66, 0x69, 0x6c, 0x65, 1, length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24])
  const foreign = [
    content,
    new Blob([]),
    new Blob(['file']),
    new Blob([prefix(3), '{}{']),
    new Blob([prefix(0xffff_ffff), '{}']),
    new Blob([prefix(100), '{"name":"cut']),
    new Blob([prefix(12), '{"name":"x"}']),
  ]
  for (const blob of foreign) {
    const opened = await open(blob)
    expect(opened.header).toBeNull()
    expect(await opened.content.bytes()).toEqual(await blob.bytes())
  }
})
