import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { both } from './test/browser/both.ts'
import { chromiumPath, chromiumArguments } from './test/browser/chromium.ts'

const patience = { testTimeout: 30_000, hookTimeout: 30_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'node', environment: 'node', include: ['test/**/*.test.ts'], ...patience } },
      {
        test: {
          name: 'chromium',
          include: ['test/browser/**/*.spec.ts', 'test/browser/**/*.spec.tsx', ...both],
          globalSetup: ['test/browser/served.ts'],
          setupFiles: ['test/browser/swept.ts'],
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
          include: [
            '@fast-check/vitest',
            'fp-ts/Either',
            'fp-ts/Option',
            'fp-ts/TaskEither',
            'fp-ts/function',
            'idb-keyval',
            'io-ts',
            'ky',
            'react',
            'react-dom/client',
            'react/jsx-dev-runtime',
            'xstate',
            'xstate/graph',
          ],
        },
      },
    ],
  },
})
