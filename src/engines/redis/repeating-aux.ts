/** The AUX field of RDBs that were made by reading keys one after the other: a key can come twice in them. */
export const repeatingAux = 'pumphouse-scan';
