/** Bytes for people: `0 B`, `12.3 kB`, `5.0 MB`. */
export const sizeText = (bytes: number): string => {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  const units = ['kB', 'MB', 'GB']
  let size = bytes / 1000
  let unit = 0
  for (; size >= 999.95 && unit < units.length - 1; unit++) size /= 1000
  return `${size.toFixed(size < 99.95 ? 1 : 0)} ${units[unit]}`
}

export const countText = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`
