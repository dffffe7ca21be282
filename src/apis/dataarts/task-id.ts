/** The letters of our ids (base/id.ts), by value. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const letters = 20;
const idPattern = new RegExp(`^[${alphabet}]{${letters}}$`);
const taskPattern = /^0{7}[0-9a-f]{25}$/;

/** A job's id as `taskId`: its 100 bits as 32 hexadecimal digits, which is what clients know. An id of another form stays as it is. */
export function taskIdOf(jobId: string): string {
  if (!idPattern.test(jobId)) return jobId;
  const bits = [...jobId].reduce((sum, letter) => sum * 32n + BigInt(alphabet.indexOf(letter)), 0n);
  return bits.toString(16).padStart(32, '0');
}

/** The job's id of a `taskId`; anything else stays as it is. */
export function jobIdOf(taskId: string): string {
  const digits = taskId.toLowerCase();
  if (!taskPattern.test(digits)) return taskId;
  let bits = BigInt(`0x${digits}`);
  let id = '';
  for (let place = 0; place < letters; place += 1) {
    id = `${alphabet[Number(bits % 32n)]}${id}`;
    bits /= 32n;
  }
  return id;
}
