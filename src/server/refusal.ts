import type { BlobId } from '../model/ids'

/** Why a server does not do what it was asked, as plain data. */
export type Refusal =
  /** `Misnamed`: it begins with a preamble that bears another id, or none. */
  | { readonly _tag: 'Missing' | 'Exists' | 'Misnamed'; readonly id: BlobId }
  /** It would have a name that no blob can have. */
  | { readonly _tag: 'Nameless'; readonly message: string }
  | { readonly _tag: 'OutOfRange'; readonly sizeBytes: number }
  | { readonly _tag: 'QuotaExceeded' | 'DiskFull' | 'TooLarge' | 'TooShort' | 'Incomplete' }

/** How a body says that it is no good: an iterator can only throw. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused'
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal._tag)
    this.refusal = refusal
  }
}
