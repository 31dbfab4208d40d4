import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chartPath, findingsPath, pagePath, presented, published, withTables, type Findings } from './published.ts'

describe.for(published.filter((name) => existsSync(findingsPath(name))))('what docs say of bench %s', (name) => {
  const findings = JSON.parse(readFileSync(findingsPath(name), 'utf8')) as Findings
  const { svg, tables } = presented(name, findings)

  test('its chart shows the figures that are committed', () => {
    expect(readFileSync(chartPath(name), 'utf8')).toBe(svg)
  })

  test('its tables in docs/performance.md hold the figures that are committed', () => {
    const page = readFileSync(pagePath, 'utf8')
    expect(tables === null ? page : withTables(page, name, tables)).toBe(page)
  })

  test('they come from a whole run on a described machine', () => {
    expect(findings.command).toBe(`npm run bench -- ${name}`)
    expect(Object.values(findings.machine).every((value) => value !== 'unknown')).toBe(true)
    expect(findings.rows.length).toBeGreaterThan(0)
  })
})

test('a page without a place for tables is not written', () => {
  expect(() => withTables('# Performance\n', 'peers', 'figures')).toThrow('no place')
})
