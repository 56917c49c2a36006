import type { GroupEntry, ModelEntry, TargetRef } from '../contract/index.ts'
import type { GroupPlan, ModelPlan, PlannedTarget } from './blueprint.ts'
import { compileGlobs } from './glob.ts'

/** Plans a model whose targets are well formed. */
export function planModel(name: string, entry: ModelEntry<string>): ModelPlan {
  return { name, entry, targets: planTargets(entry.to) }
}

/**
 * Reads the targets of a model entry. The list is an order: each target has its place as priority, except that
 * neighbours which name a weight share the first one's place, so that they divide the traffic.
 */
export function planTargets(to: ModelEntry<string>['to']): readonly PlannedTarget[] {
  const list: readonly TargetRef<string>[] = Array.isArray(to) ? to : [to as TargetRef<string>]
  const planned: PlannedTarget[] = []
  let place = 0
  let sharing = false
  for (const [index, ref] of list.entries()) {
    const target = typeof ref === 'string' ? { to: ref } : ref
    const shares = target.weight !== undefined && target.priority === undefined
    if (!shares || !sharing) place = index
    sharing = shares
    const slash = target.to.indexOf('/')
    planned.push({
      provider: target.to.slice(0, slash),
      model: target.to.slice(slash + 1),
      weight: target.weight ?? 1,
      priority: target.priority ?? place,
      explicit: target.explicit ?? false,
      ...(target.protocol === undefined ? {} : { protocol: target.protocol }),
    })
  }
  return planned
}

/** Compiles a group's access. */
export function planGroup(name: string, entry: GroupEntry<string>): GroupPlan {
  const allows = compileGlobs(entry.models)
  return entry.to ? { name, entry, allows, providers: new Set(entry.to) } : { name, entry, allows }
}
