/** What a person pastes to try a gateway. */
export interface SnippetInput {
  /** With `/v1`. */
  readonly baseUrl: string
  readonly key: string
  readonly model: string
}

/** Ready-to-paste examples: curl, Node, Python, and the two agents that most people bring. */
export function snippets({ baseUrl, key, model }: SnippetInput): readonly string[] {
  return [
    'curl',
    '',
    `  curl -N ${baseUrl}/chat/completions \\`,
    `    -H 'authorization: Bearer ${key}' -H 'content-type: application/json' \\`,
    `    -d '{"model":"${model}","stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    'Node (npm install openai)',
    '',
    "  import OpenAI from 'openai'",
    `  const client = new OpenAI({ baseURL: '${baseUrl}', apiKey: '${key}' })`,
    '  const stream = await client.chat.completions.create({',
    `    model: '${model}', stream: true, messages: [{ role: 'user', content: 'Hello' }],`,
    '  })',
    "  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')",
    '',
    'Python (pip install openai)',
    '',
    '  from openai import OpenAI',
    `  client = OpenAI(base_url="${baseUrl}", api_key="${key}")`,
    '  stream = client.chat.completions.create(',
    `      model="${model}", stream=True, messages=[{"role": "user", "content": "Hello"}])`,
    '  for chunk in stream:',
    '      if chunk.choices: print(chunk.choices[0].delta.content or "", end="")',
    '',
    'Codex',
    '',
    `  GANTRY_KEY=${key} codex -m ${model} -c model_provider=gantry \\`,
    `    -c 'model_providers.gantry={name="Gantry",base_url="${baseUrl}",wire_api="responses",env_key="GANTRY_KEY"}'`,
    '',
    'Claude Code',
    '',
    `  ANTHROPIC_BASE_URL=${baseUrl.replace(/\/v1$/, '')} ANTHROPIC_AUTH_TOKEN=${key} claude --model ${model}`,
  ]
}
