import { describe, expect, it } from 'vitest'
import { addressGroup, clientAddress, createAddressList } from './address.ts'

describe('clientAddress', () => {
  const isProxy = createAddressList(['10.0.0.0/8', 'loopback', '2001:db8::/32', 'nonsense', '1.2.3.4/99'])
  it.each([
    ['a direct client', '203.0.113.9', '1.1.1.1', '203.0.113.9'],
    ['a client behind one proxy', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['what the client wrote in front', '10.0.0.1', '6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['two proxies', '127.0.0.1', '6.6.6.6, 203.0.113.9, 10.1.1.1', '203.0.113.9'],
    ['an IPv4 address in an IPv6 socket', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['a proxy on IPv6', '2001:db8::1', '[2001:4860::1]:443', '2001:4860::1'],
    ['an entry that is no address', '10.0.0.1', '6.6.6.6, unknown', '10.0.0.1'],
    ['nothing but proxies', '10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['no header', '10.0.0.1', null, '10.0.0.1'],
  ])('finds %s', (_name, socket, forwarded, wanted) => {
    expect(clientAddress(socket, forwarded, isProxy)).toBe(wanted)
  })
})

describe('addressGroup', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('counts %s as %s', (address, group) => {
    expect(addressGroup(address)).toBe(group)
  })
})
