import * as t from 'io-ts'

/** How far the handling of a delivered blob has come. */
export const Flag = t.keyof({ PENDING: null, PROCESSING: null, PROCESSED: null, FAILED: null }, 'Flag')
export type Flag = t.TypeOf<typeof Flag>

export const FlagList = t.readonlyArray(Flag, 'FlagList')
