import type { NotesPower, Store } from '../store/store'
import { expectEqual, expectLeft, expectNone, expectRight, expectSome } from './expect'

/** What a store with the power `notes` promises; without it, nothing. */
export const notesCases: readonly { readonly name: string; readonly keep: (store: Store) => Promise<void> }[] = [
  {
    name: 'notes: a note is there as it was written last, and gone once it is removed',
    keep: async ({ notes }) => {
      if (notes === undefined) return
      expectNone(await noteIn(notes, 'feed/a'), 'a note that nobody wrote')
      for (const text of ['one', 'two', 'ünïcödé 😀', '']) {
        expectRight(await notes.write('feed/a', text)(), 'write')
        expectEqual(expectSome(await noteIn(notes, 'feed/a'), 'the note'), text, 'the note')
      }
      expectNone(await noteIn(notes, 'feed/A'), 'a note of another name')
      expectRight(await notes.write('feed/a', null)(), 'removal')
      expectRight(await notes.write('feed/a', null)(), 'the second removal')
      expectNone(await noteIn(notes, 'feed/a'), 'the note that was removed')
    },
  },
  {
    name: 'notes: they are no records, and none after the store was closed',
    keep: async (store) => {
      const { notes } = store
      if (notes === undefined) return
      expectRight(await notes.write('default/a', 'text')(), 'write')
      expectEqual(expectRight(await store.records()(), 'records').length, 0, 'records')
      expectRight(await store.close()(), 'close')
      expectLeft(await notes.read('default/a')(), 'read', 'StorageBroken')
      expectLeft(await notes.write('default/a', 'text')(), 'write', 'StorageBroken')
    },
  },
]

export const notesRestarts = [
  {
    name: 'notes: a note is there after a restart',
    before: async ({ notes }: Store) => {
      if (notes !== undefined) expectRight(await notes.write('feed/a', 'text')(), 'write')
    },
    after: async ({ notes }: Store) => {
      if (notes !== undefined) expectEqual(expectSome(await noteIn(notes, 'feed/a'), 'the note'), 'text', 'the note')
    },
  },
]

const noteIn = async (notes: NotesPower, name: string) => expectRight(await notes.read(name)(), 'read')
