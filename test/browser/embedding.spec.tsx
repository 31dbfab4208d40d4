import { act, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { showBlobs } from '../../examples/plain'
import { Blobs } from '../../examples/react'
import { createBlobSync, memoryRemote, memoryStore, soledadCipher, type BlobSync } from '../../src/browser'
import { settled } from '../virtual-clock'

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean
}

const remote = memoryRemote()

const device = (given: Partial<Parameters<typeof createBlobSync>[0]> = {}) => {
  const blobs = createBlobSync({
    store: memoryStore(),
    remote,
    cipher: soledadCipher(new Uint8Array(96)),
    paused: true,
    ...given,
  })
  onTestFinished(() => blobs.close())
  return blobs
}

const place = () => {
  const element = document.createElement('div')
  document.body.append(element)
  onTestFinished(() => element.remove())
  return element
}

const textOf = (element: Element) => element.querySelector('p')?.textContent
const itemsOf = (element: Element) => Array.from(element.querySelectorAll('li'), ({ textContent }) => textContent)

describe('the code for React', () => {
  beforeAll(() => {
    globalThis.IS_REACT_ACT_ENVIRONMENT = true
  })

  const shown = async (blobs: BlobSync) => {
    const element = place()
    const root = createRoot(element)
    await act(async () =>
      root.render(
        <StrictMode>
          <Blobs blobs={blobs} />
        </StrictMode>,
      ),
    )
    return { element, root }
  }

  test('shows what is there, what is added by a file, and what becomes of it', async () => {
    const blobs = device()
    await blobs.put(new Blob(['one']), { id: 'one' })
    const { element, root } = await shown(blobs)
    expect([textOf(element), itemsOf(element)]).toEqual(['0 of 1 synced, online', ['one: PENDING_UPLOAD Delete']])

    const files = new DataTransfer()
    files.items.add(new File(['two'], 'two.txt'))
    const input = element.querySelector('input')!
    input.files = files.files
    const added = new Promise((resolve) => blobs.on('blob.added', resolve))
    await act(async () => {
      input.dispatchEvent(new Event('change', { bubbles: true }))
      await added
      await settled()
    })
    expect(textOf(element)).toBe('0 of 2 synced, online')

    await act(async () => {
      blobs.resume()
      await blobs.idle()
      await settled()
    })
    expect(textOf(element)).toBe('2 of 2 synced, online')
    expect(itemsOf(element)).toContain('one: SYNCED Delete')
    await act(async () => root.unmount())
  })

  test('deletes at a click, and a view that changed nothing is drawn by the same node', async () => {
    const blobs = device()
    for (const id of ['a', 'b']) await blobs.put(new Blob([id]), { id, localOnly: true })
    const { element, root } = await shown(blobs)
    const [, second] = element.querySelectorAll('li')
    const gone = new Promise((resolve) => blobs.on('blob.deleted', resolve))
    await act(async () => {
      element.querySelector('button')!.click()
      await gone
      await settled()
    })
    expect(itemsOf(element)).toEqual(['b: PENDING_UPLOAD Delete'])
    expect(element.querySelector('li')).toBe(second)
    await act(async () => root.unmount())
  })

  test('listens once to each, and no longer once it is gone', async () => {
    const blobs = device()
    await blobs.put(new Blob(['one']), { id: 'one' })
    let listeners = 0
    const counted =
      <Given extends readonly unknown[]>(subscribe: (...given: Given) => () => void) =>
      (...given: Given) => {
        listeners += 1
        const stop = subscribe(...given)
        return () => {
          listeners -= 1
          stop()
        }
      }
    const watched: BlobSync = { ...blobs, on: counted(blobs.on), subscribe: counted(blobs.subscribe) }
    const { root } = await shown(watched)
    expect(listeners).toBe(2)
    await act(async () => root.unmount())
    expect(listeners).toBe(0)
  })
})

test('the plain code shows what is there and what becomes of it, until it is told to stop', async () => {
  const blobs = device({ remote: memoryRemote() })
  await blobs.put(new Blob(['one']), { id: 'one' })
  const element = place()
  const stop = showBlobs(blobs, element)
  expect([textOf(element), itemsOf(element)]).toEqual(['0 of 1 synced, online', ['one: PENDING_UPLOAD']])
  await blobs.put(new Blob(['two']), { id: 'two' })
  await settled()
  expect(textOf(element)).toBe('0 of 2 synced, online')
  blobs.resume()
  await blobs.idle()
  await settled()
  expect([textOf(element), itemsOf(element)]).toEqual(['2 of 2 synced, online', ['one: SYNCED', 'two: SYNCED']])
  stop()
  await blobs.delete('one')
  await blobs.idle()
  await settled()
  expect(itemsOf(element)).toEqual(['one: SYNCED', 'two: SYNCED'])
})
