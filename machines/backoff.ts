/** The waits between attempts, in milliseconds; the last one repeats. */
export const defaultDelaysMs: readonly number[] = [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]

/** The longest wait that a timer can hold. */
export const DELAY_MS_MAX = 2 ** 31 - 1

export interface BackoffPlan {
  readonly delaysMs: readonly number[]
  /** The part of a delay that chance may add; 0 switches chance off. */
  readonly jitter: number
}

/**
 * The wait after the given attempt.
 *
 * @param attempt Counted from 1.
 * @param roll Chance, from 0 to below 1; matters only with jitter.
 * @param atLeastMs What a Retry-After asks for; never undercut.
 */
export const backoffMs = (plan: BackoffPlan, attempt: number, roll: number, atLeastMs: number): number => {
  const planned = plan.delaysMs[Math.min(attempt, plan.delaysMs.length) - 1] ?? 0
  return Math.min(Math.max(planned * (1 + plan.jitter * roll), atLeastMs), DELAY_MS_MAX)
}
