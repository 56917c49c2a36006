import type { Block } from '../json.ts'

/** The text of a block that holds nothing else: such a block may be written as a string. */
export function plainText(block: Block | undefined): string | undefined {
  const text = block?.['type'] === 'text' && Object.keys(block).length === 2 ? block['text'] : undefined
  return typeof text === 'string' ? text : undefined
}
