import type { CredentialType, PlaceOption, StorageDriver } from './storage.ts';

/**
 * The kinds of credentials that drivers take, each with every option that it may hold: its own and those of the places of its drivers.
 * Drivers that share a type (`http`) share its options.
 */
export function credentialTypesOf(drivers: readonly StorageDriver[]): readonly CredentialType[] {
  const types = new Map<string, CredentialType>();
  for (const driver of drivers) {
    for (const type of driver.credentialTypes) {
      const known = types.get(type.id)?.options ?? [];
      types.set(type.id, { ...type, options: byName([...known, ...driver.options, ...type.options]) });
    }
  }
  return [...types.values()];
}

/** Each once, the first of a name. */
function byName(options: readonly PlaceOption[]): readonly PlaceOption[] {
  const named = new Map<string, PlaceOption>();
  for (const option of options) if (!named.has(option.name)) named.set(option.name, option);
  return [...named.values()];
}
