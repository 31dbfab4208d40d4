export interface Size {
  readonly width: number
  readonly height: number
}

export interface Spot {
  readonly x: number
  readonly y: number
}

const GAP = 12

/** Puts blocks, in order, each as high up and then as far left as it fits within the width. @returns where, and how much room all take. */
export const pack = (blocks: readonly Size[], widthMax: number): { readonly spots: readonly Spot[]; readonly room: Size } => {
  const placed: (Spot & Size)[] = []
  for (const { width, height } of blocks) {
    const fits = ({ x, y }: Spot) =>
      (x === 0 || x + width <= widthMax) &&
      placed.every(
        (other) =>
          x + width + GAP <= other.x ||
          other.x + other.width + GAP <= x ||
          y >= other.y + other.height + GAP ||
          y + height + GAP <= other.y,
      )
    const xs = [0, ...placed.map((other) => other.x + other.width + GAP)]
    const ys = [0, ...placed.map((other) => other.y + other.height + GAP)]
    const spots = ys.flatMap((y) => xs.map((x) => ({ x, y }))).filter(fits)
    const [best = { x: 0, y: 0 }] = spots.toSorted((a, b) => a.y - b.y || a.x - b.x)
    placed.push({ ...best, width, height })
  }
  return {
    spots: placed,
    room: {
      width: Math.max(0, ...placed.map(({ x, width }) => x + width)),
      height: Math.max(0, ...placed.map(({ y, height }) => y + height)),
    },
  }
}
