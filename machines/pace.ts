import type { Failure } from '../src/model/failure'

/** Why fewer transfers are under way at once than the app allows. */
export type PaceReason =
  /** The remote asked for less. */
  | 'throttled'
  /** Transfers came to a standstill. */
  | 'stalled'
  /** With one more at once, fewer bytes moved. */
  | 'slower'

/** An attempt that began. */
export interface Begun {
  readonly decreases: number
  readonly atMs: number
}

export interface Ended {
  /** Bytes that it moved. */
  readonly bytes: number
  /** Null if it came through. */
  readonly failure: Failure | null
  /** How much of a slot it had. */
  readonly share: number
  readonly atMs: number
}

/** Whatever fails after so long had come to a standstill: what is refused is so at once. */
const STALLED_MS = 10_000
/** One more at once is in the way if less than this moves of what moved before; measuring is rough. */
const IN_THE_WAY = 0.9
/** After one that was, so many rounds pass before the next try. */
const ROUNDS_UNTIL_TRIED = 8

interface Round {
  readonly sinceMs: number
  readonly bytes: number
  readonly shares: number
}

/**
 * How many transfers there may be at once: one more after each round that went well, half as many when the remote asks for less or nothing moves,
 * and one fewer where the last one more was in the way. A round is as many attempts as there are slots. Changes in place, beside the chart.
 */
export class Pace {
  readonly #max: number
  #slots: number
  #reason: PaceReason | null = null
  #decreases = 0
  #underWay = 0
  #round: Round | null = null
  /** Bytes per millisecond of the round before, if it had one slot fewer. */
  #before: number | null = null
  #roundsToWait = 0

  /** @param max What the app allows, from 1. */
  constructor(max: number) {
    this.#max = max
    this.#slots = max
  }

  get slots(): number {
    return this.#slots
  }

  /** Null while all slots that the app allows are there. */
  get reason(): PaceReason | null {
    return this.#reason
  }

  begin(atMs: number): Begun {
    // Time in which nothing was to be done says nothing of the line.
    if (this.#underWay === 0) this.#round = null
    this.#underWay += 1
    return { decreases: this.#decreases, atMs }
  }

  end(begun: Begun, { bytes, failure, share, atMs }: Ended): void {
    this.#underWay -= 1
    if (failure === null) return this.#wentWell(bytes, share, begun.atMs, atMs)
    const isStalled = failure._tag === 'Unreachable' && atMs - begun.atMs >= STALLED_MS
    // Those that were under way then fail for the same reason: it counts once.
    if (((failure._tag === 'Throttled' && failure.all) || isStalled) && begun.decreases === this.#decreases)
      this.#decrease(isStalled ? 'stalled' : 'throttled')
  }

  #decrease(reason: PaceReason): void {
    this.#decreases += 1
    this.#slots = Math.max(1, Math.floor(this.#slots / 2))
    this.#reason = this.#slots < this.#max ? reason : null
    this.#round = null
    this.#before = null
    this.#roundsToWait = 0
  }

  #wentWell(bytes: number, share: number, begunAtMs: number, atMs: number): void {
    const round = this.#round ?? { sinceMs: begunAtMs, bytes: 0, shares: 0 }
    this.#round = { ...round, bytes: round.bytes + bytes, shares: round.shares + share }
    if (this.#round.shares < this.#slots) return
    this.#endRound(this.#round.bytes / Math.max(1, atMs - round.sinceMs))
    this.#round = { sinceMs: atMs, bytes: 0, shares: 0 }
  }

  #endRound(bytesPerMs: number): void {
    if (this.#before !== null && bytesPerMs < IN_THE_WAY * this.#before) {
      this.#slots -= 1
      this.#reason = 'slower'
      this.#before = null
      this.#roundsToWait = ROUNDS_UNTIL_TRIED
    } else if (this.#slots === this.#max) {
      this.#before = null
      this.#reason = null
    } else if (this.#roundsToWait > 0) {
      this.#roundsToWait -= 1
    } else {
      this.#before = bytesPerMs
      this.#slots += 1
    }
  }
}
