/** Writes a line to stdout: what the command was asked for. */
export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Writes a line to stderr: what is worth knowing besides. */
export const warn = (line: string): void => {
  process.stderr.write(`blobsync: ${line}\n`)
}

export const printJson = (value: object): void => print(JSON.stringify(value))

/** Bytes for people: `0 B`, `12.3 kB`, `5.0 MB`. */
export const sizeText = (bytes: number | null): string => {
  if (bytes === null) return '?'
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let size = bytes / 1000
  let unit = 0
  for (; size >= 999.95 && unit < units.length - 1; unit++) size /= 1000
  return `${size.toFixed(1)} ${units[unit]}`
}

/** Rows in columns as wide as their widest cell; the columns in `right` are flush right. */
export const tableText = (rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - widthOf(cell))
        return right.includes(column) ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Characters as people see them: a letter and its accent may be two code points. */
const widthOf = (text: string): number => [...new Intl.Segmenter().segment(text)].length
