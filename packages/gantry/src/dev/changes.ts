import type { Inspection } from '@gantry/core'

/** What an edit changed in the order of hooks, one line each; empty when nothing did. */
export function hookChanges(before: Inspection, after: Inspection): readonly string[] {
  const lines: string[] = []
  for (const { moment, order } of after.hooks) {
    const names = (list: typeof order | undefined): string =>
      list?.map((hook) => hook.plugin).join(', ') || 'nothing'
    const was = names(before.hooks.find((one) => one.moment === moment)?.order)
    const is = names(order)
    if (was !== is) lines.push(`${moment}: ${is} (was ${was})`)
  }
  return lines
}

/** What an edit changed in the routes, one line each. */
export function routeChanges(before: Inspection, after: Inspection): readonly string[] {
  const text = (inspection: Inspection): ReadonlySet<string> =>
    new Set(
      inspection.routes.map(
        (route) =>
          `${route.model} → ${route.provider}/${route.targetModel} (${route.relays ? 'relays bytes' : 'converts'})`,
      ),
    )
  const was = text(before)
  const is = text(after)
  return [
    ...[...is].filter((route) => !was.has(route)).map((route) => `+ ${route}`),
    ...[...was].filter((route) => !is.has(route)).map((route) => `- ${route}`),
  ]
}
