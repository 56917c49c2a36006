/** Name of this protocol in targets, catalogs and hooks. */
export const name = 'openai-responses'
