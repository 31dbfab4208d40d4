import type { PartsBackend } from './parts'

const EVERY_MS_MAX = 600_000

/** Forgets expired uploads now and from time to time, without keeping the process alive for it. @returns what ends that. */
export const expiring = async (parts: PartsBackend): Promise<{ readonly stop: () => Promise<void> }> => {
  await parts.discardExpired()
  let underWay: Promise<unknown> = Promise.resolve()
  const discard = () => {
    // A disk that fails is told to whoever asks for something; here the next time will do.
    underWay = underWay.then(() => parts.discardExpired()).catch(() => {})
  }
  const timer = setInterval(discard, Math.min(parts.expiresMs, EVERY_MS_MAX))
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await underWay
    },
  }
}
