import * as E from 'fp-ts/Either'
import * as t from 'io-ts'

/** What a file has besides its content. A blob has none of it, so the app puts it before the content, encrypted with it. */
export const FileHeader = t.readonly(t.type({ name: t.string, type: t.string, lastModified: t.number }))
export type FileHeader = t.TypeOf<typeof FileHeader>

/** An opened envelope. `header` is null for a blob that some other app put. */
export interface Opened {
  readonly header: FileHeader | null
  readonly content: Blob
}

/** `file`, the number of the layout, and the header's length in four bytes, the lowest first. */
const MAGIC = [0x66, 0x69, 0x6c, 0x65, 1]
const PREFIX_BYTES = MAGIC.length + 4
const HEADER_BYTES_MAX = 16 * 1024
const FIRST_BYTES = 512

/** The same file makes the same bytes, and so the same blob. Nothing is copied: the file is read when the blob is. */
export const seal = (file: Blob, header: FileHeader): Blob => {
  const json = new TextEncoder().encode(JSON.stringify(header))
  const prefix = new Uint8Array(PREFIX_BYTES)
  prefix.set(MAGIC)
  new DataView(prefix.buffer).setUint32(MAGIC.length, json.length, true)
  return new Blob([prefix, json, file])
}

export const open = async (blob: Blob): Promise<Opened> => {
  const head = await headOf(blob)
  if (head === null) return { header: null, content: blob }
  return { header: head.header, content: blob.slice(head.bytes, blob.size, shownType(head.header.type)) }
}

/** The header of an envelope, and how many bytes stand before the content; null for a blob that is none. */
export const headOf = async (blob: Blob): Promise<{ readonly header: FileHeader; readonly bytes: number } | null> => {
  // One piece for most headers: each piece of a blob costs a browser more than its bytes.
  const start = new Uint8Array(await blob.slice(0, FIRST_BYTES).arrayBuffer())
  if (start.length < PREFIX_BYTES || MAGIC.some((byte, at) => start[at] !== byte)) return null
  const headerBytes = new DataView(start.buffer).getUint32(MAGIC.length, true)
  if (headerBytes > HEADER_BYTES_MAX) return null
  const bytes = PREFIX_BYTES + headerBytes
  const whole = bytes <= start.length ? start : new Uint8Array(await blob.slice(0, bytes).arrayBuffer())
  const header = FileHeader.decode(parsed(new TextDecoder().decode(whole.subarray(PREFIX_BYTES, bytes))))
  return E.isLeft(header) ? null : { header: header.right, bytes }
}

/** What goes before the content of such a file. */
export const overheadBytes = (header: FileHeader): number =>
  PREFIX_BYTES + new TextEncoder().encode(JSON.stringify(header)).length

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}

/** A page or a script opened from here would run as part of this page: only what cannot run keeps its type. */
const shownType = (type: string): string => {
  if (/^(image|audio|video)\/[\w.+-]+$/.test(type)) return type
  return isText(type) ? 'text/plain;charset=utf-8' : 'application/octet-stream'
}

export const isText = (type: string): boolean => /^text\/|^application\/(json|xml|javascript|x-sh|toml|yaml)/.test(type)
