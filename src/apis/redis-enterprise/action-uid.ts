/** The letters of our ids (base/id.ts), by value. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const idPattern = new RegExp(`^[${alphabet}]{20}$`);
const uidPattern = /^00000([0-9a-f]{3})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{12})$/;

/**
 * A job's id as `action_uid`: its 100 bits, 25 hexadecimal digits, in the form of a UUID (version 8, RFC 9562), which is what clients expect
 * to see. An id of another form stays as it is.
 */
export function actionUid(jobId: string): string {
  if (!idPattern.test(jobId)) return jobId;
  const bits = [...jobId].reduce((sum, letter) => sum * 32n + BigInt(alphabet.indexOf(letter)), 0n);
  const hex = bits.toString(16).padStart(25, '0');
  return `00000${hex.slice(0, 3)}-${hex.slice(3, 7)}-8${hex.slice(7, 10)}-8${hex.slice(10, 13)}-${hex.slice(13)}`;
}

/** The job's id of an `action_uid`; anything else stays as it is. */
export function jobIdOf(uid: string): string {
  const digits = uidPattern.exec(uid.toLowerCase())?.slice(1).join('');
  if (digits === undefined) return uid;
  let bits = BigInt(`0x${digits}`);
  let id = '';
  for (let place = 0; place < 20; place += 1) {
    id = `${alphabet[Number(bits % 32n)]}${id}`;
    bits /= 32n;
  }
  return id;
}
