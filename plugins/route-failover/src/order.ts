import type { PlannedTarget, Target } from '@gantry/core'

/** A target with its reason for standing where it does. */
export interface Ranked {
  readonly target: Target
  readonly why: string
}

/** So many credentials of one target are tried before the next target gets its turn. */
const credentialsFirst = 2

/**
 * Orders targets: by priority, then at random by weight. Credentials of one target are shuffled too, and from the
 * third on they stand behind all other targets, so that three attempts always reach a second provider.
 */
export function orderTargets(
  targets: readonly Target[],
  planned: readonly PlannedTarget[],
  random: () => number,
): readonly Ranked[] {
  const [only] = targets
  if (only && targets.length === 1) return [{ target: only, why: `priority ${priorityOf(only, planned)}` }]
  const places = placesOf(targets, planned)
  const first: Ranked[] = []
  const later: Ranked[] = []
  const sorted = places
    .map((place) => ({ ...place, draw: drawOf(place.weight, random) }))
    .toSorted((left, right) => left.priority - right.priority || left.draw - right.draw)
  for (const place of sorted) {
    const rivals = places.filter((one) => one.priority === place.priority)
    const share = shareOf(
      place.weight,
      rivals.reduce((sum, one) => sum + one.weight, 0),
    )
    const why =
      rivals.length > 1 ? `priority ${place.priority}, weight ${share}` : `priority ${place.priority}`
    const shuffled = place.targets
      .map((target) => ({ target, draw: drawOf(1, random) }))
      .toSorted((left, right) => left.draw - right.draw)
    for (const [index, { target }] of shuffled.entries()) {
      const ranked = {
        target,
        why: place.targets.length > 1 ? `${why}, credential ${target.credential ?? 0}` : why,
      }
      ;(index < credentialsFirst ? first : later).push(ranked)
    }
  }
  return [...first, ...later]
}

// ---

function priorityOf({ provider, model }: Target, planned: readonly PlannedTarget[]): number {
  const plan = planned.find((one) => one.provider === provider && one.model === model)
  return plan?.priority ?? Number.MAX_SAFE_INTEGER
}

interface Place {
  readonly priority: number
  readonly weight: number
  readonly targets: Target[]
}

/** Groups the credentials of a planned target; one that the plan does not know goes last, in its own place. */
function placesOf(targets: readonly Target[], planned: readonly PlannedTarget[]): readonly Place[] {
  const known = new Map<string, PlannedTarget>()
  for (const one of planned) {
    const id = `${one.provider}\n${one.model}`
    if (!known.has(id)) known.set(id, one)
  }
  const places = new Map<string, Place>()
  for (const target of targets) {
    const id = `${target.provider}\n${target.model}`
    const plan = known.get(id)
    const place = places.get(id) ?? {
      priority: plan?.priority ?? Number.MAX_SAFE_INTEGER,
      weight: plan?.weight ?? 1,
      targets: [],
    }
    place.targets.push(target)
    places.set(id, place)
  }
  return [...places.values()]
}

/** An exponential draw: the smallest of several wins with a chance proportional to its weight. Weight 0 never wins. */
function drawOf(weight: number, random: () => number): number {
  const draw = -Math.log(1 - Math.min(Math.max(random(), 0), 1 - Number.EPSILON))
  return weight > 0 ? draw / weight : Number.MAX_VALUE
}

function shareOf(weight: number, total: number): string {
  return total > 0 ? `${Math.round((100 * weight) / total)} %` : '0'
}
