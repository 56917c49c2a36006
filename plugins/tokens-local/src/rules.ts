/** How a family of models counts what a request holds. All but the factors are tokens. */
export interface TokenRules {
  /** Tokens of text for each token that OpenAI's o200k vocabulary makes of it. */
  readonly factor: number
  /** Any request. */
  readonly base: number
  /** A message, beside what is in it. */
  readonly message: number
  /** The system prompt, beside what is in it. */
  readonly system: number
  /** A tool call, and as much its result, beside what is in them. */
  readonly call: number
  /** Having tools at all. */
  readonly tools: number
  /** The same, where one of them has to be called. */
  readonly forcedTools: number
  /** For each o200k token of a tool's or an answer's schema without descriptions, which are text. */
  readonly structure: number
  /** A tool that the provider runs: its definition is the vendor's own. */
  readonly serverTool: number
  /** Having the answer's form given by a schema. */
  readonly outputSchema: number
  /** Thinking switched on by hand. */
  readonly thinking: number
  /** A page of a PDF, which is read as text and as a picture. */
  readonly page: number
  /** `area`: a token for 750 pixels. `tiles`: 85, and 170 for each square of 512 pixels. `flat`: 258. */
  readonly image: 'area' | 'tiles' | 'flat'
}

/** OpenAI's models, and whatever else is not known by name. */
const openai: TokenRules = {
  factor: 1,
  base: 3,
  message: 4,
  system: 4,
  call: 4,
  tools: 10,
  forcedTools: 10,
  structure: 0.65,
  serverTool: 300,
  outputSchema: 10,
  thinking: 0,
  page: 450,
  image: 'tiles',
}

const claude: TokenRules = {
  factor: 1.1,
  base: 3,
  message: 4,
  system: 0,
  call: 25,
  tools: 497,
  forcedTools: 588,
  structure: 1.7,
  serverTool: 700,
  outputSchema: 120,
  thinking: 29,
  page: 2200,
  image: 'area',
}

/** Since Opus 4.7 the vendor has another vocabulary: up to 1.35 times the tokens for the same text. */
const claudeNow: TokenRules = {
  ...claude,
  factor: 1.3,
  structure: 2,
  tools: 290,
  forcedTools: 410,
  thinking: 0,
}

const gemini: TokenRules = {
  ...openai,
  base: 0,
  message: 1,
  system: 0,
  tools: 6,
  forcedTools: 6,
  structure: 1,
  page: 258,
  image: 'flat',
}

const deepseek: TokenRules = {
  ...openai,
  base: 1,
  call: 18,
  tools: 213,
  forcedTools: 213,
  structure: 1.8,
}

/** Rules by what the name of a model contains; fitted to recorded counts, see the README. */
const families: ReadonlyMap<string, TokenRules> = new Map([
  ['', openai],
  ['claude', claude],
  ['claude-opus-4-7', claudeNow],
  ['claude-opus-4-8', claudeNow],
  ['claude-opus-5', claudeNow],
  ['claude-sonnet-5', claudeNow],
  ['claude-haiku-5', claudeNow],
  ['claude-fable', claudeNow],
  ['gemini', gemini],
  ['deepseek', deepseek],
  // It is told how to think.
  ['deepseek-v4', { ...deepseek, base: 80 }],
])

/** Finds the rules of a model: the longest known part of its name decides; what the options say goes over them. */
export function createRules(options: {
  readonly [part: string]: Partial<TokenRules>
}): (model: string) => TokenRules {
  const own = Object.entries(options).map(([part, rules]) => [spelled(part), rules] as const)
  return (model) => {
    const name = spelled(model)
    const rules = families.get(longest(name, families.keys()) ?? '') ?? openai
    const part = longest(
      name,
      own.map(([one]) => one),
    )
    return part === undefined ? rules : { ...rules, ...own.find(([one]) => one === part)?.[1] }
  }
}

// ---

function longest(name: string, parts: Iterable<string>): string | undefined {
  let found: string | undefined
  for (const part of parts)
    if (name.includes(part) && (found === undefined || part.length > found.length)) found = part
  return found
}

/** Hosts write versions with a dot or a hyphen. */
function spelled(name: string): string {
  return name.toLowerCase().replaceAll('.', '-')
}
