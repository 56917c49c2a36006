import { defineConfig, type ViteUserConfig } from 'vitest/config'

const typecheck = { enabled: true, ignoreSourceErrors: false, checker: 'tsc' }

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      { test: { name: 'packages', include: ['packages/*/src/**/*.test.ts'] } },
      { test: { name: 'plugins', include: ['plugins/*/src/**/*.test.ts'] } },
      {
        test: {
          name: 'test',
          include: ['test/**/*.test.ts', 'scripts/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
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
