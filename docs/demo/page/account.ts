import * as t from 'io-ts'
import * as E from 'fp-ts/Either'

/** Who uses the page: an account on the server, and the secret that the server never gets. */
export interface Person {
  readonly user: string
  readonly token: string
  /** Base64url. */
  readonly secret: string
  /** Of the server: what was kept under another one's is of no use any more. */
  readonly run: string
}

const Account = t.type({ user: t.string, token: t.string, run: t.string })
const Known = t.type({ user: t.string, token: t.string, secret: t.string })
type Known = t.TypeOf<typeof Known>
const PLACE = 'blobsync-demo/person'

/** What Soledad's format asks for at least, and 64 bytes that key the MAC. */
const SECRET_BYTES = 128

/**
 * The person of the link that led here, or else of this tab or browser, or else a new one. What the link carries after its `#` is kept and
 * taken out of the address; browsers send that part to no server.
 */
export const whoIsHere = (hash: URLSearchParams): Promise<Person> =>
  // Tabs that open at the same time agree on one person.
  navigator.locks.request(PLACE, () => identify(hash))

const identify = async (hash: URLSearchParams): Promise<Person> => {
  const linked = knownIn({ user: hash.get('user'), token: hash.get('token'), secret: hash.get('secret') })
  const own = knownIn(parsed(localStorage.getItem(PLACE)))
  const known = linked ?? knownIn(parsed(sessionStorage.getItem(PLACE))) ?? own
  const account = await accountFor(known)
  const isKnown = known !== null && known.user === account.user
  const person = { ...account, secret: isKnown ? known.secret : newSecret() }
  const kept = JSON.stringify(person)
  // A link makes a guest of this tab where somebody else is at home.
  const isGuest = isKnown && own !== null && own.user !== person.user
  if (isGuest) sessionStorage.setItem(PLACE, kept)
  else localStorage.setItem(PLACE, kept)
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
const accountFor = async (known: Known | null): Promise<t.TypeOf<typeof Account>> => {
  const body = known === null ? '{}' : JSON.stringify({ user: known.user, token: known.token })
  const answer = await fetch('/account', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!answer.ok) throw new Error(`The server gives no account: it answered ${answer.status}.`)
  const account = Account.decode(await answer.json())
  if (E.isLeft(account)) throw new Error('The server gives no account: its answer is none.')
  return account.right
}

const knownIn = (value: unknown): Known | null => {
  const known = Known.decode(value)
  return E.isRight(known) ? known.right : null
}

const parsed = (text: string | null): unknown => {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}
