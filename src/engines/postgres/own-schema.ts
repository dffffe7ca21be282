/** Where an import keeps its receipts, in the target; never part of an export. */
export const ownSchema = '_pumphouse';
