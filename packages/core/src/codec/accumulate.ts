import type {
  Choice,
  Extra,
  Finish,
  GatewayErrorData,
  GatewayEvent,
  GenerateResponse,
  Part,
  Usage,
} from '../model/index.ts'
import { mergeExtra } from './extra.ts'
import { partBuilder, type PartBuilder } from './part-builder.ts'

/** Folds events into a response. */
export interface Accumulator {
  /** Takes one event. Events about unknown parts are ignored: `orderGuard` is who complains. */
  push(event: GatewayEvent): void
  /** What the events so far amount to; may be asked at any time, also before the end. */
  response(): GenerateResponse
}

/** Choices beyond this number keep their order but not their place: an upstream's made-up index costs no memory. */
const maxChoiceGap = 128

interface ChoiceState {
  readonly parts: Map<number, PartBuilder>
  finish?: Finish
  extra?: Extra
}

interface Head {
  id?: string
  model?: string
  createdAt?: number
  usage?: Usage
  error?: GatewayErrorData
  extra?: Extra
}

/**
 * Folds events into a response: text and arguments append, a segment of reasoning appends to its segment, custody
 * replaces, citations append, `part-end.part` replaces the part, finish and usage replace, extra merges key by key,
 * `restart` forgets everything. Linear in the size of the stream.
 */
export function accumulate(): Accumulator {
  let head: Head = {}
  let choices = new Map<number, ChoiceState>()

  const choiceOf = (index: number): ChoiceState => {
    let state = choices.get(index)
    if (!state) choices.set(index, (state = { parts: new Map() }))
    return state
  }

  return {
    push(event) {
      switch (event.type) {
        case 'start':
          if (event.id !== undefined) head.id = event.id
          if (event.model !== undefined) head.model = event.model
          if (event.createdAt !== undefined) head.createdAt = event.createdAt
          if (event.usage) head.usage = event.usage
          addExtra(head, event.extra)
          break
        case 'part-start':
          choiceOf(event.choice ?? 0).parts.set(event.index, partBuilder(event.part))
          break
        case 'part-delta':
          choices
            .get(event.choice ?? 0)
            ?.parts.get(event.index)
            ?.add(event.delta)
          break
        case 'part-end':
          if (event.part)
            choices
              .get(event.choice ?? 0)
              ?.parts.get(event.index)
              ?.replace(event.part)
          break
        case 'usage':
          head.usage = event.usage
          break
        case 'finish': {
          const choice = choiceOf(event.choice ?? 0)
          choice.finish = event.finish
          addExtra(choice, event.extra)
          break
        }
        case 'end':
          addExtra(head, event.extra)
          break
        case 'error':
          head.error = event.error
          break
        case 'restart':
          head = {}
          choices = new Map()
          break
        case 'raw':
        case 'keep-alive':
          break
      }
    },
    response() {
      const first = choices.get(0)
      const alternatives = alternativesOf(choices)
      return {
        ...(head.id !== undefined && { id: head.id }),
        ...(head.model !== undefined && { model: head.model }),
        ...(head.createdAt !== undefined && { createdAt: head.createdAt }),
        parts: partsOf(first),
        ...(first?.finish && { finish: first.finish }),
        ...(first?.extra && { choiceExtra: first.extra }),
        ...(alternatives.length > 0 && { alternatives }),
        ...(head.usage && { usage: head.usage }),
        ...(head.error && { error: head.error }),
        ...(head.extra && { extra: head.extra }),
      }
    },
  }
}

function addExtra(node: { extra?: Extra }, extra: Extra | undefined): void {
  const merged = mergeExtra(node.extra, extra)
  if (merged) node.extra = merged
}

function partsOf(choice: ChoiceState | undefined): readonly Part[] {
  return choice ? Array.from(choice.parts.values(), (builder) => builder.build()) : []
}

function alternativesOf(choices: ReadonlyMap<number, ChoiceState>): readonly Choice[] {
  const found: Choice[] = []
  const numbered = [...choices].filter(([index]) => index > 0).toSorted(([left], [right]) => left - right)
  for (const [index, choice] of numbered) {
    if (index <= maxChoiceGap) while (found.length < index - 1) found.push({ parts: [] })
    found.push({
      parts: partsOf(choice),
      ...(choice.finish && { finish: choice.finish }),
      ...(choice.extra && { extra: choice.extra }),
    })
  }
  return found
}
