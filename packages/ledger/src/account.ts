import { GatewayError, type LedgerStore } from '@gantry/core'
import { formatAmount, maxAmount } from './units.ts'
import { available, type WalletState } from './hold.ts'

const assetName = /^[a-z][a-z0-9_-]{0,31}$/
const idLimit = 255

type Account = Parameters<LedgerStore['createAccount']>[0]
type Transfer = Parameters<LedgerStore['transfer']>[0]

/** The id of an account's wallet in an asset: unique, because an asset's name has no colon. */
export function walletId(account: string, asset: string): string {
  return `${account}:${asset}`
}

/** Throws `GatewayError` (`invalid_request`) for an account no store may create. */
export function checkAccount(account: Account): void {
  checkId(account.id, '/id')
  for (const [index, wallet] of account.wallets.entries()) {
    checkAsset(wallet.asset, `/wallets/${index}/asset`)
    if (wallet.overdraft < 0n || wallet.overdraft > maxAmount) {
      throw invalid(`An overdraft cannot be negative or beyond 64 bits.`, `/wallets/${index}/overdraft`)
    }
  }
}

/**
 * Throws `GatewayError` (`conflict`) where a wallet is there with another overdraft: creating it again changes nothing,
 * and whoever asked has to know that.
 */
export function checkSameWallet(
  account: string,
  known: { readonly asset: string; readonly overdraft: bigint },
  wanted: { readonly overdraft: bigint },
): void {
  if (known.overdraft === wanted.overdraft) return
  throw new GatewayError({
    class: 'conflict',
    code: 'wallet_exists',
    message: `The account "${account}" has a wallet in ${known.asset} already, with an overdraft of ${formatAmount(known.overdraft)}; it was not changed.`,
    param: '/wallets',
  })
}

/** Throws `GatewayError` (`invalid_request`) for a transfer that makes no sense in any ledger. */
export function checkTransfer(transfer: Transfer): void {
  checkId(transfer.account, '/account')
  checkId(transfer.reference, '/reference')
  checkAsset(transfer.asset, '/asset')
  if (transfer.amount === 0n || transfer.amount > maxAmount || transfer.amount < -maxAmount) {
    throw invalid('The amount of a transfer cannot be 0 or beyond 64 bits.', '/amount')
  }
  const name = transfer.counterAccount
  if (
    name.length > idLimit ||
    !name.endsWith(`:${transfer.asset}`) ||
    name.length === transfer.asset.length + 1
  ) {
    throw invalid(`The counter account has to be named <name>:${transfer.asset}.`, '/counterAccount')
  }
}

/**
 * The balance after a transfer. Throws `GatewayError`: `not_found` without a wallet, `insufficient_funds` for a debit
 * that open holds and overdraft do not leave room for, `invalid_request` beyond 64 bits.
 */
export function postedAfter(wallet: WalletState | undefined, transfer: Transfer): bigint {
  if (!wallet) {
    throw new GatewayError({
      class: 'not_found',
      code: 'wallet_not_found',
      message: `The account "${transfer.account}" has no wallet in ${transfer.asset}.`,
      param: '/account',
    })
  }
  if (transfer.amount < 0n && available(wallet) + transfer.amount < 0n) {
    throw new GatewayError({
      class: 'insufficient_funds',
      code: 'insufficient_quota',
      message: `The wallet of "${transfer.account}" in ${transfer.asset} does not cover this debit.`,
      retryable: false,
    })
  }
  const posted = wallet.posted + transfer.amount
  if (posted + wallet.overdraft > maxAmount) throw invalid('The balance would leave 64 bits.', '/amount')
  return posted
}

/** The error of a reference that was used for another transfer. */
export function referenceConflict(reference: string): GatewayError {
  return new GatewayError({
    class: 'conflict',
    code: 'reference_reused',
    message: `The reference "${reference}" already names another transfer.`,
    param: '/reference',
  })
}

function checkId(id: string, param: string): void {
  if (typeof id !== 'string' || id === '' || id.length > idLimit || /[\p{Cc}]/u.test(id)) {
    throw invalid(`An id has 1 to ${idLimit} characters and no control characters.`, param)
  }
}

function checkAsset(asset: string, param: string): void {
  if (!assetName.test(asset)) {
    throw invalid('The name of an asset is lower-case letters, digits, "-" and "_", like "usd".', param)
  }
}

function invalid(message: string, param: string): GatewayError {
  return new GatewayError({ class: 'invalid_request', message, param })
}

/** Items of one page: 1 to 1 000, 100 where the caller means nothing sensible. */
export function pageLimit(limit: number): number {
  return Number.isSafeInteger(limit) && limit > 0 ? Math.min(limit, 1000) : 100
}

/** The error of a settlement for a hold nobody made. */
export function unknownHold(id: string): GatewayError {
  return new GatewayError({
    class: 'not_found',
    code: 'hold_not_found',
    message: `There is no hold "${id}".`,
  })
}

/** The error of a key whose id or hash exists. */
export function duplicateKey(id: string): GatewayError {
  return new GatewayError({
    class: 'conflict',
    code: 'key_exists',
    message: `The key "${id}" exists already.`,
  })
}
