import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { textBytes } from '../model/bytes'
import { keyText } from '../model/ids'
import { FlagList, IdList } from '../model/wire'
import { checkEntries } from './check-entries'
import type { HttpCalls } from './http-calls'
import type { HttpUrls } from './http-urls'
import type { FlagPower } from './remote'

const FLAGS_BYTES_MAX = 65_536

/** The flags of Soledad’s API. Listed ids that are none are left out. */
export const httpFlags = (calls: HttpCalls, urls: HttpUrls, listBytesMax: number): FlagPower => ({
  list: ({ namespace, flag, order, signal }) =>
    pipe(
      calls.ask(
        {
          method: 'GET',
          url: urls.list(namespace, { filter_flag: flag, order_by: order === 'oldest' ? '+date' : '-date' }),
          asked: `GET list of ${namespace} with ${flag}`,
          signal,
        },
        { what: 'The remote’s list', codec: IdList, bytesMax: listBytesMax },
      ),
      TE.map(checkEntries),
      TE.map(({ entries }) => entries.map(({ id }) => id)),
    ),

  get: (key, { signal } = {}) =>
    calls.ask(
      { method: 'GET', url: urls.blob(key, { only_flags: 'True' }), asked: `GET flags of ${keyText(key)}`, signal },
      { what: 'The remote’s list of flags', codec: FlagList, bytesMax: FLAGS_BYTES_MAX },
    ),

  set: (key, flags, { signal } = {}) =>
    calls.send({
      method: 'POST',
      url: urls.blob(key),
      asked: `POST flags of ${keyText(key)}`,
      headers: { 'Content-Type': 'application/json' },
      body: textBytes(JSON.stringify(flags)),
      signal,
    }),
})
