import { randomOf } from '../crash/content'

/** One change of one blob. */
export interface Step {
  readonly id: string
  readonly verb: 'write' | 'add' | 'stage' | 'drop' | 'remove'
  /** Which content it brings; it tells the size too. */
  readonly version: number
}

export const LANES = 5

const VERBS: readonly Step['verb'][] = ['write', 'write', 'add', 'stage', 'stage', 'drop', 'remove']

const SIZES_BYTES = [0, 100, 9_000, 65_536, 70_000, 300_000]

/** What a lane does in a round, step by step and for ever: both sides can say it. Lanes share no blob. */
export const stepsOf = function* (seed: number, lane: number): Generator<Step, never> {
  const random = randomOf(seed * 1_000 + lane)
  for (let step = 0; ; step += 1) {
    const verb = VERBS[random(VERBS.length)]!
    yield { id: `${lane}-${random(3)}`, verb, version: seed * 1_000_000 + lane * 100_000 + step }
  }
}

/** Few are so large that their staging goes to the database in pieces. */
export const sizeOf = (version: number): number =>
  version % 11 === 0 ? 5_000_000 : (SIZES_BYTES[version % SIZES_BYTES.length] ?? 0)

/** What a step leaves: told by the page about what it finds, and by the test about what it expects. */
export const leftBy = ({ verb, version }: Step): string =>
  verb === 'remove' ? 'nothing' : verb === 'drop' ? `record ${version}` : `payload ${version}`
