import { testPlugin } from '@gantry/testing'
import { logPino } from './index.ts'

testPlugin('log-pino', { create: () => logPino({ destination: { write: () => {} } }) })
