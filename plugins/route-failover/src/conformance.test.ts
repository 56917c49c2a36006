import { testPlugin } from '@gantry/testing'
import { routeFailover } from './index.ts'

testPlugin('route-failover', { create: () => routeFailover() })
