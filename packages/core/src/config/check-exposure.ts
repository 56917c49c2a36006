import { isIP } from 'node:net'
import { createAddressList } from '../address.ts'
import type { Blueprint } from './blueprint.ts'
import type { Reporter } from './shape.ts'

/** What an operator believes is guarded and is not: a gateway that lets everybody in, limits that nobody enforces. */
export function checkExposure({ config, plugins }: Blueprint, report: Reporter): void {
  const host = config.server?.host ?? ''
  if (!isLocal(host) && !plugins.some((plugin) => plugin.hooks?.auth)) {
    report({
      code: 'NO_AUTH',
      severity: 'warning',
      path: 'server.host',
      message: `is ${host}, and no plugin asks for a key: whoever reaches this gateway may use it.`,
      fix: 'Add authKeys() or standard() to the plugins, or listen on 127.0.0.1.',
    })
  }
  // Limits are the work of plugins named limit-*.
  if (plugins.some(({ name }) => name.startsWith('limit-'))) return
  for (const [name, { limits }] of Object.entries(config.groups)) {
    if (limits === undefined || Object.keys(limits).length === 0) continue
    report({
      code: 'LIMITS_NOT_ENFORCED',
      severity: 'warning',
      path: `groups.${name}.limits`,
      message: 'are not enforced: no limit plugin is installed.',
      fix: 'Install one, or leave the limits out.',
    })
  }
}

function isLocal(host: string): boolean {
  return isIP(host) === 0 ? host === 'localhost' : createAddressList(['loopback'])(host)
}
