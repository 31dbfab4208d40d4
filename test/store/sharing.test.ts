import { describe, expect, test } from 'vitest'
import { groupCommit } from '../../src/store/group-commit'
import { sharedRuns } from '../../src/store/shared-runs'
import { nextTurn } from '../virtual-clock'

/** Runs that a test ends one by one. */
const handRun = () => {
  const runs: { readonly end: () => void; readonly fail: (error: Error) => void }[] = []
  const run = () => new Promise<void>((resolve, reject) => void runs.push({ end: resolve, fail: reject }))
  return { runs, run }
}

describe('shared runs', () => {
  test('serve whoever asks while one is under way by the next, which begins after they asked', async () => {
    const { runs, run } = handRun()
    const ask = sharedRuns(run)
    const ended: string[] = []
    const first = ask().then(() => ended.push('first'))
    const others = ['second', 'third'].map((name) => ask().then(() => ended.push(name)))
    expect(runs).toHaveLength(1)
    runs[0]?.end()
    await first
    await nextTurn()
    expect(ended).toEqual(['first'])
    expect(runs).toHaveLength(2)
    runs[1]?.end()
    await Promise.all(others)
    expect(ended).toEqual(['first', 'second', 'third'])
    expect(runs).toHaveLength(2)
  })

  test('that fail, fail those whom they served and nobody else', async () => {
    const { runs, run } = handRun()
    const ask = sharedRuns(run)
    const first = ask()
    const second = ask()
    runs[0]?.fail(new Error('the disk is sick'))
    await expect(first).rejects.toThrow('sick')
    await nextTurn()
    runs[1]?.end()
    await expect(second).resolves.toBeUndefined()
  })
})

describe('a group commit', () => {
  const committing = () => {
    const { runs, run } = handRun()
    const transactions: string[][] = []
    let writing: string[] = []
    const commit = groupCommit({
      transact: (work) => {
        writing = []
        work()
        transactions.push(writing)
      },
      sync: run,
    })
    const done: string[] = []
    const write = (name: string) =>
      commit(() => {
        if (name === 'bad') throw new Error('it breaks a rule')
        writing.push(name)
        return name
      }).then((written) => done.push(written))
    return { syncs: runs, transactions, done, write }
  }

  test('is acknowledged only by a sync that began after its transaction', async () => {
    const { syncs, transactions, done, write } = committing()
    void write('a')
    void write('b')
    await nextTurn()
    expect(transactions).toEqual([['a', 'b']])
    void write('c')
    void write('d')
    await nextTurn()
    expect([transactions.length, done]).toEqual([1, []])
    syncs[0]?.end()
    await nextTurn()
    expect([transactions, done]).toEqual([
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      ['a', 'b'],
    ])
    syncs[1]?.end()
    await nextTurn()
    expect(done).toEqual(['a', 'b', 'c', 'd'])
  })

  test('whose transaction or sync fails takes its own group with it, and the next one goes on', async () => {
    const { syncs, done, write } = committing()
    const [good, bad] = [write('good'), write('bad')]
    await expect(bad).rejects.toThrow('breaks a rule')
    await expect(good).rejects.toThrow('breaks a rule')
    const unsynced = write('unsynced')
    await nextTurn()
    void write('next')
    syncs[0]?.fail(new Error('the disk is sick'))
    await expect(unsynced).rejects.toThrow('sick')
    await nextTurn()
    syncs[1]?.end()
    await nextTurn()
    expect(done).toEqual(['next'])
  })
})
