const longestName = 64
const mostListed = 8

/**
 * The candidate that was most likely meant: the same letters in another case, else the fewest typing slips
 * (insert, delete, replace, swap of neighbours), at most a third of the name. Undefined when none is near.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length === 0 || name.length > longestName) return undefined
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bound = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    if (candidate.length > longestName) continue
    const distance = slips(wanted, candidate.toLowerCase(), bound)
    if (distance >= bound) continue
    best = candidate
    bound = distance
    if (distance === 0) break
  }
  return best
}

/** A sentence that helps with an unknown name: the nearest one, else what there is. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const known = [...candidates]
  const near = nearest(name, known)
  if (near !== undefined) return `Did you mean "${near}"?`
  if (known.length === 0) return 'There are none.'
  const listed = known.slice(0, mostListed).map((one) => `"${one}"`)
  return `Known: ${listed.join(', ')}${known.length > mostListed ? `, and ${known.length - mostListed} more` : ''}.`
}

// ---

/** Optimal string alignment distance, cut off at `bound`: answers `bound` for anything that far or farther. */
function slips(left: string, right: string, bound: number): number {
  if (Math.abs(left.length - right.length) >= bound) return bound
  let older: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    let least = row
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1
      let cost = Math.min(
        (previous[column] ?? bound) + 1,
        (current[column - 1] ?? bound) + 1,
        (previous[column - 1] ?? bound) + same,
      )
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (older[column - 2] ?? bound) + 1)
      current.push(cost)
      least = Math.min(least, cost)
    }
    // A swap reaches two rows back, so one row over the bound is not yet the end.
    if (least > bound) return bound
    older = previous
    previous = current
  }
  return Math.min(previous[right.length] ?? bound, bound)
}
