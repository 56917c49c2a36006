import { testStore } from '../../../packages/testing/src/store/index.ts'
import { memory } from './index.ts'

testStore('memory', () => memory())
