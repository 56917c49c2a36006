import { testPlugin } from '@gantry/testing'
import { authKeys, createSecret, generateKey } from './index.ts'

const pepper = 'a pepper for the tests of keys'
const { secret, hash } = generateKey({ pepper })

testPlugin('auth-keys', {
  create: () => authKeys({ pepper, keys: [{ hash, account: 'acme', group: 'all' }] }),
  request: { headers: { authorization: `Bearer ${secret}` } },
  refuses: [
    { moment: 'auth', request: {}, class: 'authentication' },
    {
      moment: 'auth',
      request: { headers: { authorization: `Bearer ${createSecret()}` } },
      class: 'authentication',
    },
  ],
})
