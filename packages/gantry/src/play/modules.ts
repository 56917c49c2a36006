/**
 * What our own scenarios import besides `gantry`: this package's own dependencies, so that `npx gantry play` needs
 * nothing installed beside it, and starts without transforming them.
 */
export async function scenarioModules(): Promise<{ readonly [id: string]: unknown }> {
  const [anthropic, openai, compatible, simulator, memory] = await Promise.all([
    import('@gantry/provider-anthropic'),
    import('@gantry/provider-openai'),
    import('@gantry/provider-openai-compatible'),
    import('@gantry/provider-simulator'),
    import('@gantry/store-memory'),
  ])
  return {
    '@gantry/provider-anthropic': anthropic,
    '@gantry/provider-openai': openai,
    '@gantry/provider-openai-compatible': compatible,
    '@gantry/provider-simulator': simulator,
    '@gantry/store-memory': memory,
  }
}
