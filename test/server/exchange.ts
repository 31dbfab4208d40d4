import { ANN } from './serving'
import { inChunks, rawClient, requestHead, type RawAnswer } from './raw-client'

/** One request. */
export interface Sent {
  /** Method and target, as they stand in the request line. */
  readonly request: string
  /** null: none. @default Ann's */
  readonly authorization?: string | null
  readonly headers?: readonly string[]
  /** Goes out with its length. */
  readonly body?: string | Uint8Array
  /** Goes out chunked, cut like this. */
  readonly chunks?: readonly (string | Uint8Array)[]
}

/** Sends one request on a connection of its own, and then another to see what has become of the connection. */
export const exchange = async (sent: Sent, port: number): Promise<{ readonly answer: RawAnswer; readonly isUsable: boolean }> => {
  const [method = '', path = ''] = sent.request.split(' ')
  const framing = sent.chunks
    ? ['Transfer-Encoding: chunked']
    : sent.body === undefined
      ? []
      : [`Content-Length: ${Buffer.byteLength(sent.body)}`]
  const client = rawClient(port)
  try {
    await client.send(requestHead(method, path, [...headersOf(sent), ...framing]))
    await client.send(sent.chunks ? inChunks(sent.chunks) : (sent.body ?? ''))
    const answer = await client.answer(method)
    if (answer === null) throw new Error('The server has closed the connection without an answer.')
    await client.send(requestHead('GET', '/robots.txt', ['Host: localhost']))
    const next = await client.answer('GET')
    return { answer, isUsable: next === null || [200, 401].includes(next.status) }
  } finally {
    client.close()
  }
}

const headersOf = ({ authorization = ANN, headers = [] }: Sent): readonly string[] => [
  'Host: localhost',
  ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
  ...headers,
]
