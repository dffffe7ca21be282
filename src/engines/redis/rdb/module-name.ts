const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The name in a module type's id: nine letters of six bits each above ten bits of version. https://redis.io/docs/latest/develop/reference/modules/modules-native-types/ */
export function moduleName(high: number, low: number): string {
  let name = '';
  let id = (BigInt(high) << 32n) | BigInt(low);
  id >>= 10n;
  for (let letter = 0; letter < 9; letter++) {
    name = (letters[Number(id & 63n)] as string) + name;
    id >>= 6n;
  }
  return name;
}
