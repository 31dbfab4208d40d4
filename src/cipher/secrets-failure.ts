/** Why secrets cannot be opened, as plain data; `message` is for people and may change, `_tag` is stable between majors. */
export type SecretsFailure =
  /** The passphrase does not open the file. */
  | { readonly _tag: 'WrongPassphrase'; readonly message: string }
  /** No secrets file of Soledad, or a damaged one. */
  | { readonly _tag: 'Corrupt'; readonly message: string }
  /** A version, key derivation or cipher that is not known; or a runtime without scrypt. */
  | { readonly _tag: 'Unsupported'; readonly message: string }

export const wrongPassphrase = (): SecretsFailure => ({
  _tag: 'WrongPassphrase',
  message: 'The passphrase is wrong: it does not open the secrets file. A file that was damaged may look the same.',
})
export const corrupt = (message: string): SecretsFailure => ({ _tag: 'Corrupt', message })
export const unsupported = (message: string): SecretsFailure => ({ _tag: 'Unsupported', message })
