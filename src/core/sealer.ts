/** Seals secrets for storage at rest; the wallet (config/wallet.ts) implements it. */
export interface Sealer {
  seal(plain: string): string;
  /** Throws `option-invalid` with the remedy when the key is not the one that sealed. */
  unseal(sealed: string): string;
}

/** A sealer whose key can be exchanged: `addKey`, seal everything again, `dropOldKeys`. Killed in between, everything still opens. */
export interface Wallet extends Sealer {
  /** Where the key that seals is kept: only one in the key file can be made here. */
  readonly keptIn: 'file' | 'environment';
  /** Whether there are keys that only open: something may be sealed with them yet. */
  readonly hasOldKeys: boolean;
  /**
   * 32 bytes for a purpose of its own, from the key that seals (HKDF): the same in every process with that key, others after it was exchanged.
   * @param purpose a fixed word of the program
   */
  deriveKey(purpose: string): Buffer;
  /** Makes the key that seals from now on, beside those that there are; on disk when it returns. Throws `data-folder-unwritable`. */
  addKey(): Promise<void>;
  /** Forgets all keys but the one that seals. Throws `data-folder-unwritable`. */
  dropOldKeys(): Promise<void>;
}
