import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const project = resolve(import.meta.dirname, '..')
const guide = await readFile(join(project, 'docs', 'embedding.md'), 'utf8')

/** The code under a heading of the guide. */
const codeUnder = (heading: string): string => {
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return /```\w+\n([^]*?)```/.exec(section)?.[1] ?? ''
}

describe('docs/embedding.md', () => {
  test.each(['React', 'Vue', 'Svelte', 'Solid', 'Angular', 'Plain TypeScript'])('%s takes fewer than 25 lines', (framework) => {
    const lines = codeUnder(framework).trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.length).toBeLessThan(25)
  })

  // Those files are what test/browser/embedding.spec.tsx runs.
  test.each([
    ['React', 'react.tsx'],
    ['Plain TypeScript', 'plain.ts'],
  ])('the code for %s is examples/%s, letter for letter', async (framework, file) => {
    expect(codeUnder(framework)).toBe(await readFile(join(project, 'examples', file), 'utf8'))
  })
})
