import type { JsonObject } from '@gantry/core'

/** A tool that Anthropic defines and the client runs, as a function that any model can be offered. */
export interface ClientTool {
  readonly description: string
  readonly schema: JsonObject
}

const text = (description: string): JsonObject => ({ type: 'string', description })
const path = text('Absolute path of the file or folder.')
const edits: JsonObject = {
  path,
  file_text: text('For create: the whole text of the new file.'),
  old_str: text(
    'For str_replace: the text to be replaced, exactly as it stands in the file, which has it once.',
  ),
  new_str: text('For str_replace: what comes in its place.'),
  insert_line: {
    type: 'integer',
    description: 'For insert: the line after which the text goes; 0 is the beginning.',
  },
  insert_text: text('For insert: the text.'),
  view_range: {
    type: 'array',
    items: { type: 'integer' },
    description: 'For view: first and last line; -1 as the last is the end of the file.',
  },
}

/**
 * Arguments of each, by its name without the date (platform.claude.com, "Bash tool", "Text editor tool", "Memory tool").
 * Every version of a tool takes these; `undo_edit` of the oldest editor is left out.
 */
export const clientTools: ReadonlyMap<string, ClientTool> = new Map([
  [
    'bash',
    {
      description: 'Runs a command in a bash session that is kept between calls.',
      schema: {
        type: 'object',
        properties: {
          command: text('The command to run. Needed unless the session is restarted.'),
          restart: { type: 'boolean', description: 'Starts a new session.' },
        },
      },
    },
  ],
  [
    'text_editor',
    {
      description: 'Shows, creates and changes text files.',
      schema: {
        type: 'object',
        properties: {
          command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert'] },
          ...edits,
        },
        required: ['command', 'path'],
      },
    },
  ],
  [
    'memory',
    {
      description: 'Reads and keeps notes as files under /memories, for this and later conversations.',
      schema: {
        type: 'object',
        properties: {
          command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] },
          ...edits,
          old_path: text('For rename: the path as it is.'),
          new_path: text('For rename: the path as it will be.'),
        },
        required: ['command'],
      },
    },
  ],
])
