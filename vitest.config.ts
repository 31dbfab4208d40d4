import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumPath, chromiumArguments } from './test/browser/chromium.ts'

const patience = { testTimeout: 30_000, hookTimeout: 30_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'node', environment: 'node', include: ['test/**/*.test.ts'], ...patience } },
      {
        test: {
          name: 'chromium',
          include: ['test/browser/**/*.spec.ts', 'test/browser/**/*.spec.tsx'],
          ...patience,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: 'chromium' }],
            provider: playwright({ launchOptions: { executablePath: chromiumPath, args: [...chromiumArguments] } }),
          },
        },
        optimizeDeps: {
          include: ['fp-ts/Either', 'fp-ts/Option', 'fp-ts/TaskEither', 'fp-ts/function', 'io-ts', 'xstate', 'ky', 'idb-keyval'],
        },
      },
    ],
  },
})
