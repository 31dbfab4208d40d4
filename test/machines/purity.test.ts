import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { blobMachine, coordinatorMachine, incomingMachine } from '../../machines'

const folder = new URL('../../machines/', import.meta.url)

describe('machines/', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    test(`${file} has no clock, no chance and no I/O`, () => {
      const code = readFileSync(new URL(file, folder), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*|'[^'\n]*'/g, '')
      expect(
        code.match(/\b(Date|performance|fetch|setTimeout|setInterval|queueMicrotask|console|process|crypto)\b|Math\.random/g),
      ).toBeNull()
    })

    test(`${file} imports the model, XState and its neighbours alone`, () => {
      const code = readFileSync(new URL(file, folder), 'utf8')
      const sources = [...code.matchAll(/from '([^']+)'/g)].map(([, source]) => source)
      expect(sources.filter((source) => !/^(xstate|fp-ts\/\w+|\.\/[\w-]+|\.\.\/src\/model\/[\w-]+)$/.test(source ?? ''))).toEqual(
        [],
      )
    })
  }
})

const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)]

/** Guards, actions, delays and actors that a chart's configuration uses, wherever they stand. */
const usesOf = (machine: AnyStateMachine) => {
  const uses: { readonly kind: string; readonly use: unknown; readonly at: string }[] = []
  const visit = (value: unknown, kind: string, at: string): void => {
    if (Array.isArray(value)) return value.forEach((each) => visit(each, kind, at))
    if (kind !== '') return void uses.push({ kind, use: value, at })
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries(value)) {
      const here = `${at}.${name}`
      if (name === 'guard') visit(inner, 'guard', here)
      else if (name === 'actions' || name === 'entry' || name === 'exit') visit(inner, 'action', here)
      else if (name === 'src') visit(inner, 'actor', here)
      else if (name === 'after') {
        for (const delay of Object.keys(inner)) visit(delay, 'delay', here)
        visit(inner, '', here)
      } else if (name !== 'context' && name !== 'input') visit(inner, '', here)
    }
  }
  visit(machine.config, '', machine.id)
  return uses
}

const nameOf = (use: unknown): unknown => (typeof use === 'object' && use !== null && 'type' in use ? use.type : use)

const machines: readonly AnyStateMachine[] = [blobMachine, coordinatorMachine, incomingMachine]
for (const machine of machines) {
  describe(`the chart ${machine.id}`, () => {
    test('describes every state', () => {
      expect(
        nodesOf(machine.root)
          .filter(({ description }) => (description ?? '') === '')
          .map(({ id }) => id),
      ).toEqual([])
    })

    test('names every guard, action, delay and actor', () => {
      const uses = usesOf(machine)
      expect(new Set(uses.map(({ kind }) => kind))).toEqual(new Set(['guard', 'action', 'delay', 'actor']))
      expect(uses.filter(({ use }) => typeof nameOf(use) !== 'string').map(({ at }) => at)).toEqual([])
      expect(uses.filter(({ kind, use }) => kind === 'delay' && /^\d/.test(String(use)))).toEqual([])
    })

    test('has an implementation for every name', () => {
      const { guards, actions, delays, actors } = machine.implementations
      const given: Readonly<Record<string, object>> = { guard: guards, action: actions, delay: delays, actor: actors }
      const missing = usesOf(machine).filter(({ kind, use }) => !(String(nameOf(use)) in (given[kind] ?? {})))
      expect(missing.map(({ at }) => at)).toEqual([])
    })
  })
}
