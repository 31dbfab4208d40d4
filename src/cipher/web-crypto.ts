/** @throws {TypeError} in a page that came over plain HTTP, where browsers have no WebCrypto. */
export const webCrypto = (): SubtleCrypto => {
  // The types do not know of pages that came over plain HTTP.
  const { subtle }: { readonly subtle?: SubtleCrypto } = crypto
  if (subtle === undefined) throw new TypeError('Browsers encrypt only in pages that came by https, or from localhost.')
  return subtle
}
