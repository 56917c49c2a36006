import { readFile } from 'node:fs/promises'

// Says where the time of a CPU profile went: each sample counts for the nearest frame of ours above it, or of a library
// of the request path. Idle time is left out. With the number of requests that were profiled it prints microseconds.
//   node test/bench/attribute.ts profiles/small-request-relayed.cpuprofile 8000

interface Node {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

interface Profile {
  readonly nodes: readonly Node[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const [file = '', requests = '0'] = process.argv.slice(2)
const profile = JSON.parse(await readFile(file, 'utf8')) as Profile
const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
const parents = new Map(
  profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])),
)
const spent = new Map<string, number>()
let total = 0
for (const [index, id] of profile.samples.entries()) {
  const name = nodes.get(id)?.callFrame.functionName ?? ''
  // The inspector's own call is the measuring, not what is measured.
  if (name === '(idle)' || name === 'post') continue
  const time = profile.timeDeltas[index] ?? 0
  const owner = name.startsWith('(') ? name : ownerOf(id)
  total += time
  spent.set(owner, (spent.get(owner) ?? 0) + time)
}
for (const [owner, time] of [...spent].toSorted(([, a], [, b]) => b - a)) {
  const each = Number(requests) > 0 ? `${(time / Number(requests)).toFixed(1)} µs  ` : ''
  console.log(`${((100 * time) / total).toFixed(1).padStart(5)} %  ${each}${owner}`)
}

function ownerOf(id: number): string {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const url = nodes.get(at)?.callFrame.url ?? ''
    const own = /\/(?:packages|plugins)\/([^/]+)\/src\/(?:([^/]+)\/)?/.exec(url)
    if (own) return own[1] === 'core' ? `core/${own[2] ?? ''}` : (own[1] as string)
    const library = /\/node_modules\/(undici|srvx|h3|pino|sonic-boom)\//.exec(url)
    if (library) return library[1] as string
  }
  return 'node'
}
