import type { BlobKey, Namespace } from '../model/ids'
import type { Since } from './remote'

/** Where a server of Soledad’s API has what belongs to one user. */
export interface HttpUrls {
  readonly root: string
  readonly list: (namespace: Namespace, query?: Query) => string
  readonly changes: (since: readonly Since[], query: Query) => string
  readonly blob: (key: BlobKey, query?: Query) => string
  /** Where uploads in parts begin. */
  readonly uploads: string
  readonly stream: (direction: 'upload' | 'download', namespace: Namespace) => string
}

type Query = Readonly<Record<string, string>>

/** @throws {TypeError} for a URL that is none or has a query, and for a user with other characters than `[A-Za-z0-9_-]`. */
export const httpUrls = (url: string, user: string): HttpUrls => {
  if (!/^[A-Za-z0-9_-]+$/.test(user))
    throw new TypeError('A user has the characters A–Z, a–z, 0–9, “_” and “-”, and at least one.')
  const { protocol, origin, pathname, search, hash } = new URL(url)
  if (!/^https?:$/.test(protocol) || search !== '' || hash !== '')
    throw new TypeError('A remote’s URL is http or https, without a query.')
  const root = `${origin}${pathname.replace(/\/*$/, '')}/`
  const blobs = `${root}blobs/${user}/`
  return {
    root,
    list: (namespace, query) => `${blobs}?${queryOf({ namespace, ...query })}`,
    changes: (since, query) => {
      const pairs = since.flatMap(({ namespace, cursor }) => [
        ['changes', cursor],
        ['namespace', namespace],
      ])
      return `${blobs}?${new URLSearchParams([...pairs, ...Object.entries(query)]).toString()}`
    },
    blob: ({ namespace, id }, query) => `${blobs}${encodeURIComponent(id)}?${queryOf({ namespace, ...query })}`,
    uploads: `${root}uploads/${user}/`,
    stream: (direction, namespace) => `${root}stream/${user}/?${queryOf({ direction, namespace })}`,
  }
}

// It writes a plus as %2B: a bare one would be a blank.
const queryOf = (query: Query): string => new URLSearchParams(query).toString()
