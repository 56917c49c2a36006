import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Tests of the packages as they are published: they share one install, which takes its time. */
const published = ['test/packages/**/*.test.ts', 'test/mission/e3.test.ts', 'test/mission/e5.test.ts']

const typecheck = { enabled: true, ignoreSourceErrors: false, checker: 'tsc' }

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      // Property tests on a busy machine take their time; a test that hangs is still found.
      { test: { name: 'packages', include: ['packages/*/src/**/*.test.ts'], testTimeout: 20_000 } },
      { test: { name: 'plugins', include: ['plugins/*/src/**/*.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          name: 'test',
          include: ['test/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...published],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'published',
          include: published,
          globalSetup: 'test/packages/setup.ts',
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'types',
          include: [],
          typecheck: {
            ...typecheck,
            only: true,
            include: ['{packages,plugins}/*/src/**/*.test-d.ts', 'test/**/*.test-d.ts'],
            tsconfig: 'tsconfig.json',
          },
        },
      },
    ],
  },
})

export default config
