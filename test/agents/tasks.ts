/** The project each task begins with. */
export const project: { readonly [path: string]: string } = { 'note.txt': 'hello world\n' }

/** What is in the file when a task is done. */
export const edited = 'hello gantry\n'

const patch = '*** Begin Patch\n*** Update File: note.txt\n@@\n-hello world\n+hello gantry\n*** End Patch\n'

/** Codex reads a file, patches it by its freeform tool, and looks at what came of it by two calls at once. */
export const codexEdit: string = [
  'Please edit the file.',
  'reason I look at it first.',
  'call exec_command {"cmd":"cat note.txt"}',
  'then',
  'reason Now I edit it.',
  `call apply_patch ${JSON.stringify(patch)}`,
  'then',
  'call exec_command {"cmd":"cat note.txt"}',
  'call exec_command {"cmd":"wc -c note.txt"}',
  'then',
  'say All done here.',
].join('\n')

/**
 * Codex is told something long, so that the next thing it does is to make the conversation shorter. It does not always
 * print what it was told: the older one loses events when there are thousands. How many tokens it was, it prints.
 */
export const codexLong = 'count 5000'

/** From how many tokens on it does: more than it begins with, less than it has after something long. */
export const compactFrom = 'model_auto_compact_token_limit = 13000'

/** Codex looks for a tool it was not given, and calls it in its namespace. */
export const codexSearch: string = [
  'call tool_search {"query":"spawn sub-agent"}',
  'then',
  'call multi_agent_v1__spawn_agent {"message":"say I am the child."}',
  'then',
  'say Somebody else does it.',
].join('\n')

/** Claude Code does what Codex does, by tools of its own. */
export function claudeEdit(folder: string): string {
  const file = `${folder}/note.txt`
  const edit = { file_path: file, old_string: 'hello world', new_string: 'hello gantry' }
  return [
    'Please edit the file.',
    'reason I look at it first.',
    `call Read ${JSON.stringify({ file_path: file })}`,
    'then',
    'reason Now I edit it.',
    `call Edit ${JSON.stringify(edit)}`,
    'then',
    'call Bash {"command":"cat note.txt"}',
    'call Bash {"command":"wc -c note.txt"}',
    'then',
    'say All done here.',
  ].join('\n')
}

/** Claude Code loads a tool it was only told the name of, and calls it. */
export const claudeSearch: string = [
  'call ToolSearch {"query":"select:CronList"}',
  'then',
  'call CronList {}',
  'then',
  'say There is nothing planned.',
].join('\n')
