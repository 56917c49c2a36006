import type {
  AnyPlugin,
  GroupEntry,
  ModelEntry,
  ResolvedConfig,
  Slots,
  StoreSlot,
} from '../contract/index.ts'
import type { ConfigProblem } from './problem.ts'

/** A configuration taken apart: what the kernel, the CLI and `gantry check` read. */
export interface Blueprint {
  /** After defaults. Its tables have no prototype, so `groups['constructor']` is undefined. */
  readonly config: ResolvedConfig

  /** In run order before `enforce` and `order`: `plugins`, then each provider's, then each store's, then the config's own hooks. */
  readonly plugins: readonly AnyPlugin[]

  /** Everything that is provided, by slot and name, in plugin order. */
  readonly slots: SlotTable

  /** Which store serves which capability. */
  readonly stores: StoreTable
  readonly models: ReadonlyMap<string, ModelPlan>
  readonly groups: ReadonlyMap<string, GroupPlan>

  /** All that is wrong, errors and warnings. A blueprint with an error must not boot. */
  readonly problems: readonly ConfigProblem[]

  /** Values of all secrets that options named, for the redactor. */
  readonly secrets: readonly string[]
}

/** Slot objects by slot and name. */
export type SlotTable = { readonly [S in keyof Slots]: ReadonlyMap<string, Slots[S]> }

/** The chosen store of each capability. */
export type StoreTable = { readonly [S in StoreSlot]?: Slots[S] }

/** A public model and where its requests may go. */
export interface ModelPlan {
  readonly name: string
  readonly entry: ModelEntry<string>
  readonly targets: readonly PlannedTarget[]
}

/** `"provider/model"`, split at the first slash. */
export interface PlannedTarget {
  readonly provider: string
  readonly model: string

  /** Share among targets of equal priority; 1 by default, 0 only when nothing else of its priority is left. */
  readonly weight: number

  /** Lower goes first. By default the place in the list; neighbours that name a weight share the first one's place. */
  readonly priority: number
  readonly explicit: boolean
  readonly protocol?: string
}

/** A group with its access compiled. */
export interface GroupPlan {
  readonly name: string
  readonly entry: GroupEntry<string>

  /** Whether a key of this group may ask for the model. */
  allows(model: string): boolean

  /** Providers its requests may go to; absent: all. */
  readonly providers?: ReadonlySet<string>
}
