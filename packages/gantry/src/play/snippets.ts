/** What a person pastes to try a gateway. */
export interface SnippetInput {
  /** With `/v1`. */
  readonly baseUrl: string
  readonly key: string
  readonly model: string
}

/** Ready-to-paste examples: curl, Node and Python. */
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
  ]
}
