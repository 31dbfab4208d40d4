import type { Roster } from '../machines'
import { keyText } from './model/ids'
import type { BlobRecord } from './model/record'
import type { BlobView } from './options'

/** The list of all blobs, brought up to date by what changed since it was read last: whoever shows very many pays for those that change. */
export const shownList = (
  roster: Roster,
  /** @param last What it was shown as, which it still is if nothing changed. */
  view: (record: BlobRecord, last: BlobView | undefined) => BlobView,
): (() => readonly BlobView[]) => {
  const views = new Map<string, BlobView>()
  let listed: readonly BlobView[] = []

  /** @returns whether it is shown otherwise than before. */
  const take = (key: string, record: BlobRecord | undefined): boolean => {
    if (record === undefined || record.trashedAtMs !== null) return views.delete(key)
    const last = views.get(key)
    const next = view(record, last)
    if (last === next) return false
    views.set(key, next)
    return true
  }

  const takeAll = (): boolean => {
    const gone = new Set(views.keys())
    let isOther = false
    for (const record of roster.all()) {
      const key = keyText(record)
      gone.delete(key)
      if (take(key, record)) isOther = true
    }
    for (const key of gone) views.delete(key)
    return isOther || gone.size > 0
  }

  const takeChanged = (keys: Iterable<string>): boolean => {
    let isOther = false
    for (const key of keys) if (take(key, roster.byText(key))) isOther = true
    return isOther
  }

  return () => {
    const { unshown } = roster
    if (unshown?.size === 0) return listed
    roster.unshown = new Set()
    if (unshown === null ? takeAll() : takeChanged(unshown)) listed = [...views.values()]
    return listed
  }
}
