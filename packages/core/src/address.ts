import { BlockList, isIP, isIPv6 } from 'node:net'

/** Addresses, networks (`10.0.0.0/8`) and the word `loopback`. Entries that are none of these are left out. */
export function createAddressList(entries: readonly string[]): (address: string) => boolean {
  if (entries.length === 0) return () => false
  const list = new BlockList()
  for (const entry of entries) {
    if (entry === 'loopback') {
      list.addSubnet('127.0.0.0', 8, 'ipv4')
      list.addAddress('::1', 'ipv6')
      continue
    }
    const network = networkOf(entry)
    if (network === undefined) continue
    if (network.bits === undefined) list.addAddress(network.address, network.family)
    else list.addSubnet(network.address, network.bits, network.family)
  }
  return (address) => {
    const plain = plainAddress(address)
    return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
  }
}

/** Whether a text is what `createAddressList` takes. */
export function isAddressEntry(entry: string): boolean {
  return entry === 'loopback' || networkOf(entry) !== undefined
}

interface Network {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  /** Absent for a single address. */
  readonly bits?: number
}

function networkOf(entry: string): Network | undefined {
  const [, address = '', , length] = /^([^/]+)(\/(\d{1,3}))?$/.exec(entry) ?? []
  if (isIP(address) === 0) return undefined
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (length === undefined) return { address, family }
  const bits = Number(length)
  return bits <= (family === 'ipv6' ? 128 : 32) ? { address, family, bits } : undefined
}

/** An IPv4 address that came through an IPv6 socket, as IPv4; without a zone. */
export function plainAddress(address: string): string {
  const text = address.replace(/%.*$/, '')
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(text) ? text.slice(7) : text
}

/**
 * The client's address: the socket's, or behind trusted proxies the nearest address in `x-forwarded-for`, read from
 * the right, that is no proxy of ours. What stands left of it was written by the client and means nothing.
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: string | null,
  isProxy: (address: string) => boolean,
): string | undefined {
  if (socketAddress === undefined) return undefined
  let address = plainAddress(socketAddress)
  if (forwardedFor === null || !isProxy(address)) return address
  for (const hop of forwardedFor.split(',').toReversed()) {
    const next = plainAddress(hop.trim().replace(/^\[(.*)\](?::\d+)?$/, '$1'))
    if (isIP(next) === 0) return address
    address = next
    if (!isProxy(address)) return address
  }
  return address
}

/** What connections are counted by: one IPv6 client has a whole /64. */
export function addressGroup(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail = ''] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === '' ? [] : tail.split(':')
  if (plain.includes('::')) while (groups.length + rest.length < 8) groups.push('0')
  return [...groups, ...rest]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
