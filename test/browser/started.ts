import { inject } from 'vitest'

/** The address of a reference server of one's own, on another origin than the page. @param path `/for-others`: it does not know the page's. */
export const started = async (path: '/' | '/for-others' = '/'): Promise<string> => {
  const response = await fetch(`${inject('serverStarter')}${path}`)
  if (!response.ok) throw new Error(await response.text())
  return response.text()
}
