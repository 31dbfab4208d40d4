import { ANN } from './serving'

/** What a client of tus says, in plain `fetch`. */
export const tusClient = (url: string, authorization = ANN) => {
  const ask = (path: string, method: string, headers: Record<string, string> = {}, body?: BodyInit) =>
    fetch(new URL(path, `${url}/uploads/ann/`), {
      method,
      headers: { authorization, 'tus-resumable': '1.0.0', ...headers },
      ...(body === undefined ? {} : { body, duplex: 'half' as const }),
    })
  return {
    authorization,
    create: (id: string, sizeBytes: number, namespace = 'default') =>
      ask('', 'POST', { 'upload-length': String(sizeBytes), 'upload-metadata': metadata(namespace, id) }),
    head: (upload: string) => ask(upload, 'HEAD'),
    patch: (upload: string, at: number, body: BodyInit) =>
      ask(upload, 'PATCH', { 'upload-offset': String(at), 'content-type': PART_TYPE }, body),
    end: (upload: string) => ask(upload, 'DELETE'),
    ask,
  }
}

export const PART_TYPE = 'application/offset+octet-stream'

export const metadata = (namespace: string, id: string) => `namespace ${btoa(namespace)},id ${btoa(id)}`

export const offsetOf = (response: Response) => {
  const offset = response.headers.get('upload-offset')
  return offset === null ? null : Number(offset)
}

export const locationOf = (response: Response) => response.headers.get('location') ?? ''
