import type { Roster } from '../machines'
import { keyText } from './model/ids'
import { isActive, standingOf, type BlobRecord } from './model/record'

/** What is kept of downloads that are not through. It takes room, and loses nothing but time when it is given up. */
export const beginningsIn = (roster: Roster) => {
  /** What the store was last told, of which charts that were stopped in mid-transfer do not know. */
  const told = new Map<string, number>()

  const bytesOf = (record: BlobRecord): number =>
    record.status === 'PENDING_DOWNLOAD' ? (told.get(keyText(record)) ?? record.download?.checkpoint.plaintextBytes ?? 0) : 0

  return {
    /** The store has been given a record. */
    note: (record: BlobRecord): void => {
      const bytes = record.download?.checkpoint.plaintextBytes ?? 0
      if (bytes > 0 || told.has(keyText(record))) told.set(keyText(record), bytes)
    },
    bytes: (): number => {
      let sum = 0
      for (const record of roster.restless()) sum += bytesOf(record)
      return sum
    },
    /** Whose beginning may be given up: of those that wait all but the one that is to go on first, so that one comes through. */
    spare: (): readonly BlobRecord[] => {
      const waiting = [...roster.restless()]
        .filter((record) => bytesOf(record) > 0 && !roster.inPhase.transferring.has(keyText(record)))
        .toSorted((a, b) => standingOf(b) - standingOf(a) || bytesOf(b) - bytesOf(a))
      const first = waiting.find(isActive)
      return waiting.filter((record) => record !== first)
    },
  }
}

/** The record without what is kept of its download; null where nothing is. */
export const withoutBeginning = (record: BlobRecord): BlobRecord | null =>
  record.download === null ? null : { ...record, download: null }
