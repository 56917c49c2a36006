/** The name of this wire in the contract: in `speaks`, `extra`, `native` and `custody`. */
export const protocolName = 'anthropic-messages' as const

/**
 * The API version we speak. Newer ones refuse `temperature`, `top_p` and `top_k` even at their default values
 * (platform.claude.com, API versions, 2026-10-21), and a converted OpenAI request often has them.
 */
export const apiVersion: string = '2023-06-01'
