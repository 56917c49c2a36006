import { library } from '../../tsdown.base.ts'

const built = library(['src/index.ts', 'src/presets.ts', 'src/bin.ts', 'src/probe-worker.ts'])

// `gantry play` runs its scenarios wherever the package is installed.
export default {
  ...built,
  copy: {
    from: ['../../playground/*/*.ts', '../../playground/*/README.md'],
    to: 'dist/playground',
    flatten: false,
  },
}
