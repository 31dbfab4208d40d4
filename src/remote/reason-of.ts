/** The innermost cause of what was thrown, in words: fetch wraps what the socket said. */
export const reasonOf = (thrown: unknown): string => {
  let reason = String(thrown)
  let cause = thrown
  for (let depth = 0; depth < 8 && cause instanceof Error; depth++) {
    reason = wordsOf(cause) ?? reason
    cause = cause.cause
  }
  return reason.slice(0, 300)
}

const wordsOf = (error: Error): string | null => {
  if (error.message !== '') return error.message
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}
