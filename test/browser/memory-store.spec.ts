import { test } from 'vitest'
import { memoryStore, newMemory } from '../../src/store/memory'
import { storeConformance } from '../../src/testing/store-conformance'

let memory = newMemory()
const open = async () => memoryStore((memory = newMemory()))
const reopen = async () => memoryStore(memory)

for (const { name, run } of storeConformance(open, reopen)) test(`memory store: ${name}`, run)
