import { testStore } from '@gantry/testing'
import { memory } from './index.ts'

testStore('memory', () => memory())
