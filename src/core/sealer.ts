/** Seals secrets for storage at rest; the wallet (config/wallet.ts) implements it. */
export interface Sealer {
  seal(plain: string): string;
  /** Throws `option-invalid` with the remedy when the key is not the one that sealed. */
  unseal(sealed: string): string;
}
