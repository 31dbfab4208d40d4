import { createHash, timingSafeEqual } from 'node:crypto'
import * as E from 'fp-ts/Either'

export interface Account {
  readonly user: string
  readonly token: string
}

/** Tells whether the token is the user's. */
export type Authenticate = (account: Account) => boolean | Promise<boolean>

/** `scheme`: no credentials can be read; `token`: they are wrong; `anonymous`: there are none. */
export type Denied = 'anonymous' | 'scheme' | 'token'

/** Authenticates against a fixed list; a user may have several tokens. Takes the same time however much of a token is right. */
export const accountList = (accounts: readonly Account[]): Authenticate => {
  const known = accounts.map(({ user, token }) => digest(`${user}:${token}`))
  return ({ user, token }) => {
    const given = digest(`${user}:${token}`)
    return known.reduce((isKnown, each) => timingSafeEqual(each, given) || isKnown, false)
  }
}

/** The user of an `Authorization: Token base64(user:token)`; the scheme in any case, padding optional. */
export const userOf = async (header: string | undefined, authenticate: Authenticate): Promise<E.Either<Denied, string>> => {
  if (header === undefined || header.trim() === '') return E.left('anonymous')
  const account = accountOf(header)
  if (account === null) return E.left('scheme')
  return (await authenticate(account)) ? E.right(account.user) : E.left('token')
}

const digest = (text: string) => createHash('sha256').update(text).digest()

const accountOf = (header: string): Account | null => {
  const encoded = /^token +([A-Za-z0-9+/]+)={0,2} *$/i.exec(header)?.[1]
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? null : { user: text.slice(0, colon), token: text.slice(colon + 1) }
}
