import type { App } from './app.ts'

/** What a user has on an account now, in billionths of the asset. Asked of the gateway that runs in the folder. */
export async function posted(user: App, account: string, asset: string = 'usd'): Promise<bigint> {
  const { stdout } = await ok(user, 'accounts', 'list', '--json')
  const { items } = JSON.parse(stdout) as {
    readonly items: readonly {
      readonly account: string
      readonly balances: readonly { readonly asset: string; readonly posted: string }[]
    }[]
  }
  const balance = items.find((one) => one.account === account)?.balances.find((one) => one.asset === asset)
  if (!balance) throw new Error(`${account} has no ${asset}: ${stdout}`)
  const [whole = '0', fraction = ''] = balance.posted.split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}

/** A key of an account with money, made by commands beside the running gateway. */
export async function paidKey(user: App, account: string, group: string): Promise<string> {
  await ok(user, 'accounts', 'create', account)
  await ok(user, 'accounts', 'credit', account, '10', '--reference', `first-${account}`)
  return (await ok(user, 'keys', 'create', '--account', account, '--group', group)).stdout.trim()
}

/** What a request cost: the balance before it less the balance after it, once it is settled. */
export async function costOf(user: App, account: string, work: () => Promise<unknown>): Promise<bigint> {
  const before = await posted(user, account)
  await work()
  for (let tries = 0; tries < 20; tries++) {
    const cost = before - (await posted(user, account))
    if (cost !== 0n) return cost
  }
  return 0n
}

async function ok(user: App, ...words: readonly string[]): ReturnType<App['run']> {
  const ended = await user.run('gantry', ...words)
  if (ended.code !== 0) throw new Error(`gantry ${words.join(' ')}: ${ended.stderr}${ended.stdout}`)
  return ended
}
