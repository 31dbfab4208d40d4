/**
 * Files that have a long form end in `.long.test.ts`. `npm test` runs their short form, `npm run test:long` the long one: this is
 * the only place that knows which.
 */
const isLong = process.env['BLOBSYNC_LONG'] === '1'

/** The first in the long form of a test, the second in the short one. */
export const longOr = <A>(long: A, short: A): A => (isLong ? long : short)
