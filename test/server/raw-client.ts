import { connect } from 'node:net'

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  /** By lower-case name, in the order in which they came. */
  readonly headers: ReadonlyMap<string, string>
  /** The HTTP chunks as they were cut; null if the body was not chunked. */
  readonly chunks: readonly Buffer[] | null
  readonly body: Buffer
}

/** A connection on which byte-exact requests go out; answers are read one after the other. */
export const rawClient = (port: number) => {
  const socket = connect(port, '127.0.0.1')
  let pieces: Buffer[] = []
  let piecesBytes = 0
  let bytesNeeded = 0
  let isEnded = false
  let onChange = () => {}
  const change = () => onChange()
  socket.on('data', (data) => {
    pieces.push(data)
    piecesBytes += data.length
    if (piecesBytes >= bytesNeeded) change()
  })
  socket.on('error', () => {})
  const ended = new Promise<void>((resolve) =>
    socket.on('close', () => {
      isEnded = true
      change()
      resolve()
    }),
  )

  /** The next answer; null if the connection ended where one would begin. @param method a HEAD's answer has no body. */
  const answer = (method: string): Promise<RawAnswer | null> =>
    new Promise((resolve, reject) => {
      const tryToParse = () => {
        const unread = Buffer.concat(pieces)
        const parsed = parse(unread, method, isEnded)
        const isWhole = 'answer' in parsed
        pieces = [isWhole ? unread.subarray(parsed.length) : unread]
        piecesBytes = isWhole ? unread.length - parsed.length : unread.length
        bytesNeeded = isWhole ? 0 : parsed.bytesNeeded
        if (isWhole) resolve(parsed.answer)
        else if (isEnded && unread.length === 0) resolve(null)
        else if (isEnded) throw new Error(`The connection ended within an answer: ${unread.toString('latin1').slice(0, 400)}`)
      }
      onChange = () => {
        try {
          tryToParse()
        } catch (error) {
          reject(error)
        }
      }
      onChange()
    })

  return {
    answer,
    ended,
    socket,
    send: (data: string | Uint8Array) => new Promise<void>((resolve) => socket.write(data, () => resolve())),
    end: () => socket.end(),
    close: () => socket.destroy(),
  }
}

export const requestHead = (method: string, path: string, headers: readonly string[], version = '1.1'): string =>
  [`${method} ${path} HTTP/${version}`, ...headers, '', ''].join('\r\n')

/** A body in HTTP chunks, cut as it is given. */
export const inChunks = (pieces: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat([
    ...pieces
      .map((piece) => Buffer.from(piece))
      .filter(({ length }) => length > 0)
      .flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n'),
  ])

type Parsed = { readonly answer: RawAnswer; readonly length: number } | { readonly bytesNeeded: number }

const parse = (data: Buffer, method: string, isEnded: boolean): Parsed => {
  const headEnd = data.indexOf('\r\n\r\n')
  if (headEnd === -1) return { bytesNeeded: data.length + 1 }
  const [statusLine = '', ...lines] = data.subarray(0, headEnd).toString('latin1').split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) [ -~]+$/.exec(statusLine)?.[1]
  if (status === undefined) throw new Error(`This is no status line: ${statusLine}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~]*)$/.exec(line) ?? []
    if (name === '' || headers.has(name.toLowerCase())) throw new Error(`This is no header, or its second time: ${line}`)
    headers.set(name.toLowerCase(), value)
  }
  const head = { status: Number(status), headers }
  const start = headEnd + 4
  if (method === 'HEAD' || status === '100' || status === '204')
    return { answer: { ...head, chunks: null, body: Buffer.alloc(0) }, length: start }
  if (headers.get('transfer-encoding') === 'chunked') {
    const chunked = parseChunks(data, start)
    return chunked.bytesNeeded !== undefined
      ? chunked
      : { answer: { ...head, chunks: chunked.chunks, body: Buffer.concat(chunked.chunks) }, length: chunked.end }
  }
  const announced = headers.get('content-length')
  if (announced === undefined && !isEnded) return { bytesNeeded: data.length + 1 }
  const end = announced === undefined ? data.length : start + Number(announced)
  return data.length < end
    ? { bytesNeeded: end }
    : { answer: { ...head, chunks: null, body: data.subarray(start, end) }, length: end }
}

const parseChunks = (data: Buffer, start: number) => {
  const chunks: Buffer[] = []
  for (let at = start; ;) {
    const lineEnd = data.indexOf('\r\n', at)
    if (lineEnd === -1) return { bytesNeeded: data.length + 1 }
    const line = data.subarray(at, lineEnd).toString('latin1')
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`This is no chunk: ${line.slice(0, 80)}`)
    const size = Number.parseInt(line, 16)
    const from = lineEnd + 2
    if (data.length < from + size + 2) return { bytesNeeded: from + size + 2 }
    if (data.subarray(from + size, from + size + 2).toString() !== '\r\n')
      throw new Error('A chunk has another length than it says.')
    if (size === 0) return { chunks, end: from + 2 }
    chunks.push(data.subarray(from, from + size))
    at = from + size + 2
  }
}
