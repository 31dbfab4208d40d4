import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { askPassphrase } from '../../src/cli/passphrase'

/** Types keys at the prompt. */
const typing = async (...keys: readonly string[]) => {
  const input = new PassThrough()
  const output = new PassThrough()
  let shown = ''
  output.setEncoding('utf8').on('data', (text: string) => (shown += text))
  const asked = askPassphrase('Passphrase: ', input, output)
  for (const key of keys) input.write(key)
  const answer = await asked.then(
    (passphrase) => ({ passphrase }),
    (error: unknown) => ({ error }),
  )
  return { ...answer, shown: () => shown }
}

test('what is typed is the passphrase, and is not shown', async () => {
  const { shown, ...answer } = await typing('bätt', 'ery ', '\r')
  expect(answer).toEqual({ passphrase: 'bättery ' })
  expect(shown()).toBe('Passphrase: \n')
})

test('a backspace takes back, Ctrl-U begins again', async () => {
  expect(await typing('wrong', '\u0015', 'rihg', '\u007F\u007F', 'ght', '\r')).toMatchObject({ passphrase: 'right' })
})

test('Ctrl-C ends with 130, an empty line and Ctrl-D with 1', async () => {
  expect(await typing('ri', '\u0003')).toMatchObject({ error: { name: 'Problem', exitCode: 130 } })
  expect(await typing('\r')).toMatchObject({ error: { name: 'Problem', exitCode: 1 } })
  expect(await typing('\u0004')).toMatchObject({ error: { name: 'Problem', exitCode: 1 } })
})
