/**
 * The capabilities of modules that are named in print. Whether a module has them is asked of none: exports carry what modules keep as it is,
 * and imports tell in their job what a target cannot take.
 */
export const moduleCapabilities = [
  { name: 'types', desc: 'The module has types of its own.' },
  { name: 'no_multi_key', desc: 'The module has no commands on more than one key.' },
  { name: 'backup_restore', desc: 'The module can be exported and imported.' },
] as const;
