import { testPlugin } from '@gantry/testing'
import { tokensLocal } from './index.ts'

testPlugin('tokens-local', { create: () => tokensLocal() })
