/**
 * A sealed text by which processes that share a store learn whether they have the same wallet key: whoever cannot open it has another one.
 * It is sealed again together with the secrets (`Registry.replaceSealed`).
 */
export interface WalletCanary {
  /** Gives the sealed text that the store has; the first one that is handed in is kept. */
  keepCanary(sealed: string): Promise<string>;
}
