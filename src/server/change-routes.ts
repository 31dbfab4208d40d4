import * as E from 'fp-ts/Either'
import { digestText, isRange, partsOf, RANGE_DIGITS } from '../model/digest'
import * as answers from './answers'
import { placeIn, valueIn, type Api } from './asked'
import { Namespace } from '../model/ids'
import type { Place, Stored } from './backend'
import type { Change, ChangesBackend, ChangesPage } from './changes'
import type { Asked } from './exchange'
import { CHANGES_LIMIT_MAX, FEEDS_MAX } from './limits'
import { waitingFor } from './waiting'

const LIMIT = 1000

/** The longest that a request for changes waits, if nothing else is said. */
export const WAIT_MS_MAX = 30_000

export interface ChangeRoutesOptions {
  readonly waitMsMax: number
  /** Fires when the server closes: nobody waits any longer. */
  readonly closing: AbortSignal | undefined
}

/** What answers the lists that ask for what has changed, or for digests; null: it asks for neither. */
export const changeAnswers = (api: Api, changes: ChangesBackend, { waitMsMax, closing }: ChangeRoutesOptions) => {
  const wait = waitingFor(changes, closing)

  const changed = async (c: Asked, place: Place, cursors: readonly string[]): Promise<Response> => {
    const namespaces = (c.req.queries('namespace') ?? []).map((name) => (name === '' ? 'default' : name))
    if (cursors.length > FEEDS_MAX || cursors.length !== Math.max(1, namespaces.length) || !namespaces.every(Namespace.is))
      return answers.text(400, `There is a cursor to each namespace, and to ${FEEDS_MAX} at most.`)
    const limit = numberIn(c, 'limit', LIMIT)
    const waitSeconds = numberIn(c, 'wait', 0)
    if (limit === null || limit < 1 || waitSeconds === null) return answers.text(400, 'limit and wait are whole numbers.')
    const places = namespaces.length === 0 ? [place] : namespaces.map((namespace) => ({ user: place.user, namespace }))
    const read = () => cursors.map((cursor, at) => changes.read(places[at] ?? place, cursor, Math.min(limit, CHANGES_LIMIT_MAX)))
    let pages = read()
    if (waitSeconds > 0 && pages.every((page) => page?.changes.length === 0)) {
      await wait(places, Math.min(waitSeconds * 1000, waitMsMax), c.req.raw.signal)
      pages = read()
    }
    return answers.json(pages.map(pageOf))
  }

  const digest = (place: Place, range: string): Response => {
    if (!isRange(range)) return answers.text(400, 'digest is a range: at most three of the digits 0-9a-f.')
    const told = (within: string) => {
      const { blobs, ...set } = changes.digest(place, within)
      return { blobs, digest: digestText({ blobs, ...set }) }
    }
    const inside =
      range.length === RANGE_DIGITS ? { entries: changes.within(place, range).map(entryOf) } : { parts: partsOf(range).map(told) }
    return answers.json({ cursor: changes.cursor(place), ...told(range), ...inside })
  }

  return async (c: Asked): Promise<Response | null> => {
    const cursors = c.req.queries('changes')
    const range = c.req.query('digest')
    if (cursors === undefined && range === undefined) return null
    const place = await placeIn(c, api)
    if (E.isLeft(place)) return place.left
    return cursors === undefined ? digest(place.right, range ?? '') : changed(c, place.right, cursors)
  }
}

const pageOf = (page: ChangesPage | null) =>
  page === null ? { expired: true } : { changes: page.changes.map(told), cursor: page.cursor, more: page.hasMore }

const told = (change: Change) => (change.isDeleted ? { id: change.id, deleted: true } : entryOf(change.blob))

const entryOf = ({ id, sizeBytes, tag }: Stored) => ({ id, size: sizeBytes, tag })

const numberIn = (c: Asked, name: string, otherwise: number): number | null => {
  const text = valueIn(c, name)
  if (text === null) return otherwise
  return /^\d{1,9}$/.test(text) ? Number(text) : null
}
