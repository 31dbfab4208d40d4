export interface Shape {
  readonly shape: string
  readonly blobs: number
  readonly blobBytes: number
  readonly runs: number
}

const usual: readonly Shape[] = [
  { shape: '1000x10kB', blobs: 1000, blobBytes: 10_000, runs: 5 },
  { shape: '100x100kB', blobs: 100, blobBytes: 100_000, runs: 5 },
  { shape: '10x1MB', blobs: 10, blobBytes: 1_000_000, runs: 5 },
  { shape: '1x10MB', blobs: 1, blobBytes: 10_000_000, runs: 5 },
]

const large: readonly Shape[] = [
  { shape: '20000x2kB', blobs: 20_000, blobBytes: 2000, runs: 3 },
  { shape: '1x1GB', blobs: 1, blobBytes: 1_000_000_000, runs: 3 },
]

/**
 * @param names none for all of them, or the usual ones in a short bench
 * @throws if one has no such name
 */
export const shapesNamed = (names: readonly string[], isShort: boolean): readonly Shape[] => {
  const all = [...usual, ...large]
  const unknown = names.find((name) => !all.some(({ shape }) => shape === name))
  if (unknown !== undefined)
    throw new RangeError(`--shape is one of ${all.map(({ shape }) => shape).join(', ')}, not ${unknown}.`)
  const chosen = names.length > 0 ? all.filter(({ shape }) => names.includes(shape)) : isShort ? usual : all
  return chosen.map((shape) => (isShort ? { ...shape, runs: 1 } : shape))
}

/** What the round trip by hand is measured in. */
export const usualShapes = (names: readonly string[], isShort: boolean): readonly Shape[] =>
  shapesNamed(names.length > 0 ? names : usual.map(({ shape }) => shape), isShort)
