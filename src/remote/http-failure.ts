import { failure, serverError, throttled, type Failure } from '../model/failure'
import { retryAfterMs } from './retry-after'

/** What the table needs to know of an answer. */
export interface Refusal {
  /** What was asked, as in `PUT default/a`. */
  readonly asked: string
  readonly status: number
  readonly retryAfter: string | null
  /** The beginning of the answer's text. */
  readonly text: string
  /** True where a 409 says that the id is taken. */
  readonly creates: boolean
  /** True where a 404 or a 410 says that an upload in parts is over or has expired. */
  readonly isSession: boolean
}

/** Which failure an answer is that was not the one hoped for. */
export const failureOf = ({ asked, status, retryAfter, text, creates, isSession }: Refusal, nowMs: number): Failure => {
  // Browsers do not tell which redirect it was.
  const message = `${asked}: the server answered ${status === 0 ? 'with a redirect' : status}${excerptOf(text)}`
  switch (status) {
    case 401:
      return failure('Unauthorized', message)
    case 403:
      return failure('Forbidden', message)
    case 404:
      // Soledad answers 404 with a page of its own to whom it does not know; only this text speaks of the blob.
      return isSession || text.startsWith("Blob doesn't exist")
        ? failure('NotFound', message)
        : failure('Unauthorized', `${message}, which does not speak of the blob and so means no access`)
    case 409:
      return creates || (isSession && text.startsWith('Blob already exists'))
        ? failure('Exists', message)
        : serverError(message, status)
    case 410:
      return isSession ? failure('NotFound', message) : serverError(message, status)
    case 413:
      return failure('TooLarge', message)
    case 429:
      return throttled(message, retryAfterMs(retryAfter, nowMs), true)
    case 503:
      return retryAfter === null ? serverError(message, status) : throttled(message, retryAfterMs(retryAfter, nowMs), false)
    case 507:
      return failure('QuotaExceeded', message)
    default:
      return serverError(message, status)
  }
}

/** Plain text in one line; a page of HTML says nothing worth repeating. */
const excerptOf = (text: string): string => {
  const line = text
    .slice(0, 200)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
  return line === '' || line.startsWith('<') ? '' : `: ${line}`
}
