/** Turns at the store: first come, first served, never more than `limit` at once. Changes in place, beside the chart. */
export class Slots<Holder> {
  readonly #holders = new Set<Holder>()
  readonly #waiting = new Set<Holder>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get taken(): number {
    return this.#holders.size
  }

  /** @returns whether the holder has the slot at once; else it is in `release`'s answer later. */
  request(holder: Holder): boolean {
    if (this.#holders.size >= this.#limit) {
      this.#waiting.add(holder)
      return false
    }
    this.#holders.add(holder)
    return true
  }

  /** Gives up a slot or a place in the queue. @returns who has the slot now. */
  release(holder: Holder): Holder | null {
    this.#waiting.delete(holder)
    if (!this.#holders.delete(holder)) return null
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      this.#holders.add(next)
      return next
    }
    return null
  }
}
