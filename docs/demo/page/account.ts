import * as t from 'io-ts'
import * as E from 'fp-ts/Either'

/** Who uses the page: an account on the server, and the secret that the server never gets. */
export interface Person {
  readonly user: string
  readonly token: string
  /** Base64url. */
  readonly secret: string
}

const Account = t.type({ user: t.string, token: t.string })
const Kept = t.intersection([Account, t.type({ secret: t.string })])
const PLACE = 'blobsync-demo/person'

/** What Soledad's format asks for at least, and 64 bytes that key the MAC. */
const SECRET_BYTES = 128

/**
 * The person of the link that led here, or else of this browser, or else a new one. What the link carries after its `#` is kept and
 * taken out of the address; browsers send that part to no server.
 */
export const whoIsHere = (hash: URLSearchParams): Promise<Person> =>
  // Tabs that open at the same time agree on one person.
  navigator.locks.request(PLACE, () => identify(hash))

const identify = async (hash: URLSearchParams): Promise<Person> => {
  const linked = personIn({ user: hash.get('user'), token: hash.get('token'), secret: hash.get('secret') })
  const known = linked ?? personIn(parsed(localStorage.getItem(PLACE)))
  const account = await accountFor(known)
  const isKnown = known !== null && known.user === account.user
  const person = { ...account, secret: isKnown ? known.secret : newSecret() }
  localStorage.setItem(PLACE, JSON.stringify(person))
  return person
}

/** A link that makes one device of this person of whatever browser opens it. */
export const linkFor = (device: string, { user, token, secret }: Person): string =>
  `${location.origin}${location.pathname}#${new URLSearchParams({ device, user, token, secret }).toString()}`

export const secretBytes = ({ secret }: Person): Uint8Array =>
  Uint8Array.from(atob(secret.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))

const newSecret = (): string =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The server makes an account for whom it does not know: it began anew when it was started. */
const accountFor = async (known: Person | null): Promise<t.TypeOf<typeof Account>> => {
  const body = known === null ? '{}' : JSON.stringify({ user: known.user, token: known.token })
  const answer = await fetch('/account', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!answer.ok) throw new Error(`The server gives no account: it answered ${answer.status}.`)
  const account = Account.decode(await answer.json())
  if (E.isLeft(account)) throw new Error('The server gives no account: its answer is none.')
  return account.right
}

const personIn = (value: unknown): Person | null => {
  const kept = Kept.decode(value)
  return E.isRight(kept) ? kept.right : null
}

const parsed = (text: string | null): unknown => {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}
