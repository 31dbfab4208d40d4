import type { Given } from './adding'

const WIDTH = 1200
const HEIGHT = 900

interface Scene {
  readonly name: string
  /** The sky from above to the horizon, the sun, and the hills from the farthest to the nearest. */
  readonly sky: readonly [string, string]
  readonly sun: string
  readonly hills: readonly [string, string]
}

const scenes: readonly Scene[] = [
  { name: 'Dunes at dawn', sky: ['#8fb3d9', '#ffd9b0'], sun: '#fff1d6', hills: ['#e8b98a', '#8a4f35'] },
  { name: 'Fjord', sky: ['#c9dbe8', '#eef4f4'], sun: '#ffffff', hills: ['#9db6c4', '#1f3b4d'] },
  { name: 'Red valley', sky: ['#f4a261', '#ffe3b8'], sun: '#fff6dd', hills: ['#e07a4f', '#5b1f25'] },
  { name: 'Blue hour', sky: ['#141e3c', '#5f7fb8'], sun: '#f2f4ff', hills: ['#47649b', '#0c1228'] },
  { name: 'Tea hills', sky: ['#dcefe2', '#fdf7e2'], sun: '#fffdf2', hills: ['#a9cfa0', '#1f5238'] },
  { name: 'Lavender', sky: ['#f6d9e6', '#fbeede'], sun: '#fffaf0', hills: ['#c6a8da', '#4b2f74'] },
  { name: 'Winter sun', sky: ['#b9c9da', '#f7ead9'], sun: '#fffaf2', hills: ['#dfe8ef', '#6d869c'] },
  { name: 'Night lake', sky: ['#0b1026', '#26406b'], sun: '#fdf6d8', hills: ['#22365c', '#070b18'] },
  { name: 'Olive grove', sky: ['#a9d2e6', '#f4efd2'], sun: '#fffbe4', hills: ['#b7bd80', '#47502a'] },
  { name: 'Storm coming', sky: ['#4c5867', '#c3c4b8'], sun: '#ece8d8', hills: ['#77828b', '#232b31'] },
  { name: 'Coral evening', sky: ['#5b4b8a', '#ff9f8c'], sun: '#ffe9c9', hills: ['#c7607f', '#2f1b45'] },
  { name: 'Spring morning', sky: ['#bfe3f2', '#f8fbe8'], sun: '#ffffff', hills: ['#a7d9a1', '#2f7d5b'] },
]

let round = 0

/** Twelve photos of places that do not exist, other ones each time. */
export const samplePhotos = (): Promise<readonly Given[]> => {
  round += 1
  const suffix = round === 1 ? '' : ` ${round}`
  return Promise.all(
    scenes.map(async (scene) => {
      const name = `${scene.name}${suffix}.jpg`
      return { path: name, file: new File([await paint(scene)], name, { type: 'image/jpeg' }) }
    }),
  )
}

const paint = async ({ sky, sun, hills }: Scene): Promise<Blob> => {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT)
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('This browser draws no pictures.')
  const air = context.createLinearGradient(0, 0, 0, HEIGHT * 0.75)
  air.addColorStop(0, sky[0])
  air.addColorStop(1, sky[1])
  context.fillStyle = air
  context.fillRect(0, 0, WIDTH, HEIGHT)

  const at = { x: WIDTH * (0.2 + Math.random() * 0.6), y: HEIGHT * (0.2 + Math.random() * 0.25) }
  const glow = context.createRadialGradient(at.x, at.y, 30, at.x, at.y, 420)
  glow.addColorStop(0, `${sun}cc`)
  glow.addColorStop(1, `${sun}00`)
  context.fillStyle = glow
  context.fillRect(0, 0, WIDTH, HEIGHT)
  context.fillStyle = sun
  context.beginPath()
  context.arc(at.x, at.y, 52, 0, Math.PI * 2)
  context.fill()

  const layers = 5
  for (let layer = 0; layer < layers; layer++) ridge(context, layer / (layers - 1), hills)
  grain(context)
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.86 })
}

/** One line of hills; the nearer, the lower, wilder and darker. */
const ridge = (context: OffscreenCanvasRenderingContext2D, nearness: number, [far, near]: readonly [string, string]) => {
  const base = HEIGHT * (0.5 + nearness * 0.34)
  const swing = 46 + nearness * 70
  const [a, b, c] = [Math.random() * 7, Math.random() * 7, Math.random() * 7]
  context.fillStyle = `color-mix(in oklab, ${near} ${Math.round(nearness * 100)}%, ${far})`
  context.beginPath()
  context.moveTo(0, HEIGHT)
  for (let x = 0; x <= WIDTH; x += 6) {
    const y = Math.sin(x / 210 + a) + Math.sin(x / 97 + b) * 0.45 + Math.sin(x / 31 + c) * 0.09
    context.lineTo(x, base - y * swing)
  }
  context.lineTo(WIDTH, HEIGHT)
  context.fill()
}

/** What makes a file of some size of it, as of a photo. */
const grain = (context: OffscreenCanvasRenderingContext2D) => {
  const image = context.getImageData(0, 0, WIDTH, HEIGHT)
  for (let at = 0; at < image.data.length; at += 4) {
    const noise = (Math.random() - 0.5) * 9
    for (let channel = 0; channel < 3; channel++) image.data[at + channel] = (image.data[at + channel] ?? 0) + noise
  }
  context.putImageData(image, 0, 0)
}
