import type { JsonObject } from '@gantry/core'
import { absent, isObject, objects } from '../json.ts'
import { refuse } from '../refusal.ts'
import { checkChatMessages } from './check-messages.ts'
import { integer, missing, range, toolName, tooShort, wrongType } from '../words.ts'

/** Refuses what OpenAI refuses on the chat wire, in its words. Unknown fields pass, as at most compatible hosts. */
export function checkChat(body: JsonObject): void {
  if (typeof body.model !== 'string' || body.model === '') refuse('you must provide a model parameter')
  if (body.messages === undefined) missing('messages')
  if (!Array.isArray(body.messages)) wrongType('messages', 'an array of objects', body.messages)
  if (body.messages.length === 0) tooShort('messages')
  checkChatMessages(body.messages)
  checkTools(body)
  range(body, 'temperature', 0, 2)
  range(body, 'top_p', 0, 1)
  range(body, 'presence_penalty', -2, 2)
  range(body, 'frequency_penalty', -2, 2)
  integer(body, 'n', 1, 128)
  integer(body, 'max_tokens', 1, undefined)
  integer(body, 'max_completion_tokens', 1, undefined)
  if (!absent(body.max_tokens) && !absent(body.max_completion_tokens)) {
    refuse(
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
      'max_tokens',
      'invalid_parameter_combination',
    )
  }
  if (!absent(body.stream) && typeof body.stream !== 'boolean') wrongType('stream', 'a boolean', body.stream)
  if (!absent(body.stream_options) && body.stream !== true) {
    refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options')
  }
  checkStop(body.stop)
  checkFormat(body)
}

function checkTools(body: JsonObject): void {
  const { tools, tool_choice: choice } = body
  if (absent(tools)) {
    if (!absent(choice)) {
      refuse(
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
        'tool_choice',
      )
    }
    if (!absent(body.parallel_tool_calls)) {
      refuse(
        "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
        'parallel_tool_calls',
      )
    }
    return
  }
  if (!Array.isArray(tools)) wrongType('tools', 'an array of objects', tools)
  if (tools.length === 0) tooShort('tools')
  for (const [index, tool] of tools.entries()) {
    const at = `tools[${index}]`
    if (!isObject(tool)) wrongType(at, 'an object', tool)
    if (tool.type !== 'function' && tool.type !== 'custom') {
      refuse(
        `Invalid value: '${String(tool.type)}'. Supported values are: 'function' and 'custom'.`,
        `${at}.type`,
        'invalid_value',
      )
    }
    const made = tool[tool.type]
    if (!isObject(made)) missing(`${at}.${tool.type}`)
    toolName(made.name, `${at}.${tool.type}.name`)
    if (!absent(made.parameters) && !isObject(made.parameters)) {
      wrongType(`${at}.function.parameters`, 'an object', made.parameters)
    }
    if (
      isObject(made.parameters) &&
      made.parameters.type !== undefined &&
      made.parameters.type !== 'object'
    ) {
      const name = String(made.name)
      refuse(
        `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${String(made.parameters.type)}"'.`,
        `${at}.function.parameters`,
        'invalid_function_parameters',
      )
    }
  }
  checkChoice(choice, objects(tools))
}

function checkChoice(choice: unknown, tools: readonly JsonObject[]): void {
  if (absent(choice) || choice === 'auto' || choice === 'none' || choice === 'required') return
  if (!isObject(choice)) {
    refuse(
      `Invalid value: '${String(choice)}'. Supported values are: 'none', 'auto', and 'required'.`,
      'tool_choice',
      'invalid_value',
    )
  }
  const named = isObject(choice.function) ? choice.function : choice.custom
  if (!isObject(named)) return
  const has = tools.some(({ function: made, custom }) =>
    [made, custom].some((one) => isObject(one) && one.name === named.name),
  )
  if (!has)
    refuse(
      `Invalid value for 'tool_choice': no function named '${String(named.name)}' was specified in the 'tools' parameter.`,
      'tool_choice',
    )
}

function checkStop(stop: unknown): void {
  if (absent(stop) || typeof stop === 'string') return
  if (!Array.isArray(stop) || stop.some((one) => typeof one !== 'string')) {
    wrongType('stop', 'an array of strings', stop)
  }
  if (stop.length > 4) {
    refuse(
      `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${stop.length} instead.`,
      'stop',
      'array_above_max_length',
    )
  }
}

function checkFormat({ response_format: format, messages }: JsonObject): void {
  if (absent(format)) return
  if (!isObject(format)) wrongType('response_format', 'an object', format)
  if (format.type === 'json_object' && !JSON.stringify(messages).toLowerCase().includes('json')) {
    refuse(
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      'messages',
    )
  }
  if (format.type === 'json_schema') {
    if (!isObject(format.json_schema)) missing('response_format.json_schema')
    toolName(format.json_schema.name, 'response_format.json_schema.name')
  } else if (format.type !== 'text' && format.type !== 'json_object') {
    refuse(
      `Invalid value: '${String(format.type)}'. Supported values are: 'json_object', 'json_schema', and 'text'.`,
      'response_format.type',
      'invalid_value',
    )
  }
}
