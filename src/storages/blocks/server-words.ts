/** What stands in the headers of a signed request, and in documents and pages that repeat one. */
const signing =
  /authorization|signature|credential=|\bsig=|sharedkey|bearer|aws4|x-(amz|ms)-|token|secret|cookie|[0-9a-f]{32}/i;

/**
 * Whether what a server says may quote what a request was signed with: some servers, and what stands before them, answer with the request.
 * Messages then do without those words.
 * @param id of the credential
 */
export const mayQuoteSigning = (words: string, id: string | null = null): boolean =>
  signing.test(words) || (id !== null && id !== '' && words.includes(id));
