import { isSame, restsHere, type BlobRecord } from '../src/model/record'

/** The blobs at rest of a store that can be asked at once. */
export interface Resting {
  /** What the store says of a blob, at rest or not. */
  readonly peek: (key: string) => BlobRecord | undefined
  /** Of all blobs, also of those that do not rest, in the store's order; read while it is walked through. */
  readonly all: () => Iterable<readonly [key: string, record: () => BlobRecord | undefined]>
}

/**
 * The records of all blobs of a device by their keys. Where the store can be asked at once, those at rest are left there.
 *
 * What it says of a blob changes by `set` and `delete` alone, whatever the store does meanwhile: so a record comes in before it is written about
 * (`hold`), and leaves once nobody writes about it and the store holds the same.
 */
export class Records {
  readonly #here = new Map<string, BlobRecord>()
  /** Not there as far as was told, whatever is on the disk by now. */
  readonly #absent = new Set<string>()
  /** How many write about a blob. */
  readonly #writing = new Map<string, number>()
  readonly #isNeeded: (key: string) => boolean
  #resting: Resting | null = null
  #restingBlobs = 0

  /** Records of those that are needed never leave. */
  constructor(isNeeded: (key: string) => boolean) {
    this.#isNeeded = isNeeded
  }

  get size(): number {
    return this.#here.size + this.#restingBlobs
  }

  /** From now on those that are not here are asked for where they rest. */
  rest(resting: Resting, blobs: number): void {
    this.#resting = resting
    this.#restingBlobs = blobs
  }

  get(key: string): BlobRecord | undefined {
    return this.#here.get(key) ?? (this.#absent.has(key) ? undefined : this.#resting?.peek(key))
  }

  /** All those that do not rest in the store, and perhaps some others. */
  here(): IterableIterator<BlobRecord> {
    return this.#here.values()
  }

  /** In the store's order, those that it does not hold at the end. What changes meanwhile is given as it was or as it is, and once. */
  *all(): Generator<BlobRecord> {
    if (this.#resting === null) return yield* this.#here.values()
    const given = new Set<string>()
    for (const [key, read] of this.#resting.all()) {
      const known = this.#here.get(key)
      if (known !== undefined) given.add(key)
      const record = known ?? (this.#absent.has(key) ? undefined : read())
      if (record !== undefined) yield record
    }
    // One that came in since it was given is among these, but also in the store.
    for (const [key, record] of this.#here) if (!given.has(key) && this.#resting.peek(key) === undefined) yield record
  }

  set(key: string, record: BlobRecord): void {
    this.bring(key)
    this.#absent.delete(key)
    this.#here.set(key, record)
    this.letRest(key)
  }

  delete(key: string): void {
    this.bring(key)
    this.#here.delete(key)
    if (this.#resting !== null && this.#writing.has(key)) this.#absent.add(key)
  }

  /** Lets go of a record that nobody needs here, if the store holds it. */
  letRest(key: string): void {
    const record = this.#here.get(key)
    if (record === undefined || this.#resting === null || !restsHere(record)) return
    if (this.#writing.has(key) || this.#isNeeded(key) || !isSame(this.#resting.peek(key), record)) return
    this.#here.delete(key)
    this.#restingBlobs += 1
  }

  /** Somebody is about to write about it. */
  hold(key: string): void {
    if (this.#resting === null) return
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1)
    this.bring(key)
    if (!this.#here.has(key)) this.#absent.add(key)
  }

  /** It is written, or was not; if it is, that is about to be told. */
  release(key: string): void {
    const others = (this.#writing.get(key) ?? 0) - 1
    if (others > 0) return void this.#writing.set(key, others)
    this.#writing.delete(key)
    if (this.#absent.has(key) && this.#resting?.peek(key) === undefined) this.#absent.delete(key)
    this.letRest(key)
  }

  /** Takes it in, if it rests. */
  bring(key: string): void {
    if (this.#resting === null || this.#here.has(key)) return
    const record = this.get(key)
    if (record === undefined) return
    this.#here.set(key, record)
    this.#restingBlobs -= 1
  }
}
