const SIZES_BYTES = [0, 100, 9_000, 40_000, 270_000]

/** What stands under an id: everybody can say it, so everybody can check it. */
export const contentOf = (id: string): Uint8Array<ArrayBuffer> => {
  const random = randomOf([...id].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7))
  return Uint8Array.from({ length: SIZES_BYTES[random(SIZES_BYTES.length)] ?? 0 }, () => random(256))
}

/** Chance that a seed decides. */
export const randomOf = (seed: number) => {
  let state = seed >>> 0
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export const secret = new Uint8Array(96).fill(9)
