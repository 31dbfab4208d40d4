import type { BrowserContext, Page } from 'playwright'
import { rolldown } from 'rolldown'

/** Where pages of a site without a server seem to come from; browsers trust it as they trust https. Each number is a site of its own. */
export const site = (number: number): string => `http://localhost:${number}`

/** Makes one script of a file and what it imports, as a page runs it. */
export const scriptOf = async (file: string): Promise<string> => {
  const build = await rolldown({ input: file, platform: 'browser' })
  const { output } = await build.generate({ format: 'esm' })
  await build.close()
  return output[0].code
}

/** Opens a page that runs a script. */
export const openPage = async (context: BrowserContext, script: string, origin = site(1), search = ''): Promise<Page> => {
  const page = await context.newPage()
  await page.route(`${origin}/**`, (route) =>
    new URL(route.request().url()).pathname === '/script.js'
      ? route.fulfill({ contentType: 'text/javascript', body: script })
      : route.fulfill({ contentType: 'text/html', body: '<!doctype html><script type="module" src="/script.js"></script>' }),
  )
  await page.goto(`${origin}/${search}`)
  return page
}
